"""Fonts that are installed on this machine."""

import os


def installed_font_directories() -> list[str]:
    """The directories where systems keep fonts, those that exist."""
    data_home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    directories = [
        os.path.join(data_home, "fonts"),
        os.path.expanduser("~/.fonts"),
        "/usr/local/share/fonts",
        "/usr/share/fonts",
        os.path.expanduser("~/Library/Fonts"),
        "/Library/Fonts",
        "C:\\Windows\\Fonts",
    ]
    return [directory for directory in directories if os.path.isdir(directory)]


def installed_font(file: str) -> str | None:
    """The path of an installed font by its file name, or ``None``."""
    for directory in installed_font_directories():
        for folder, _, files in os.walk(directory):
            if file in files:
                return os.path.join(folder, file)
    return None
