"""The command line, called in this process."""

from tfglyph.cli import main


def run_command(*words: object) -> int:
    """``tfglyph WORDS``: the exit code of a verb that ends by itself; its errors come as exceptions."""
    return main.main([str(word) for word in words], prog_name="tfglyph", standalone_mode=False) or 0
