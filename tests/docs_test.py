"""The documentation does not promise what is not there: commands, options, files, links, pictures."""

import pathlib
import re
import shlex

import click
import pytest

from tfglyph.cli import main

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^```(?:bash|sh|console|shell)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)\"")


def commands(text):
    """Every shell command in the code blocks of a page, as lists of words; comments and prompts are dropped."""
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|\||;|\|", line.strip().removeprefix("$ ")):
                words = _words(part)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words = words[1:]
                if words:
                    yield words


def _words(line):
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def arguments(words):
    """What a command hands to our command line, or None where it is not ours."""
    if words[0] in ("python", "python3"):
        if words[1:3] == ["-m", "tfglyph"]:
            return words[3:]
        if words[1:2] in (["train.py"], ["validate.py"]):
            return [words[1].removesuffix(".py"), *words[2:]]
    return words[1:] if words[0] == "tfglyph" else None


def check(words):
    """Follows verbs and subverbs, then looks for every option."""
    group, context = main, click.Context(main)
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        assert found is not None, f"no such verb: {words[0]}"
        group, words = found, words[1:]
    known = {"--help", "-h", "--version"} | {name for option in group.params for name in option.opts}
    for word in words:
        option = word.split("=")[0]
        if option.startswith("--"):
            assert option in known, f"no such option: {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page):
    ours = [found for found in map(arguments, commands(page.read_text(encoding="utf-8"))) if found is not None]
    for words in ours:
        check(words)
    if page.name == "README.md":
        assert len(ours) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_exist(page):
    for groups in LINK.findall(page.read_text(encoding="utf-8")):
        target = groups[0] or groups[1]
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name}: {target} is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scripts_that_pages_run_exist(page):
    for words in commands(page.read_text(encoding="utf-8")):
        for word in words[:2]:
            if re.fullmatch(r"(\./)?[\w/-]+\.(py|sh)", word):
                assert (ROOT / word).exists(), f"{page.name}: {word} is not there"
