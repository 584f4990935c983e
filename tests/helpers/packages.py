"""Clients of Debian and npm that stand in for the real ones: they hand out archives in the real formats."""

import io
import os
import pathlib
import shutil
import subprocess
import tarfile
from collections.abc import Mapping

DOWNLOAD = """#!/bin/sh
echo "$@" >> {store}/asked
for name; do :; done
name=$(echo "$name" | tr '@/' '__')
if [ -e "{store}/${{name}}{suffix}" ]; then cp "{store}/${{name}}{suffix}" .; else echo "{error}" >&2; exit 1; fi
"""


class Clients:
    """A folder of made-up packages, and ``apt-get`` and ``npm`` in front of the real ones in ``PATH``."""

    def __init__(self, folder: pathlib.Path):
        self.store = folder / "store"
        self.programs = folder / "programs"
        self.store.mkdir(parents=True)
        self.programs.mkdir()
        self._write("apt-get", "_1.0_all.deb", "E: Unable to locate package")
        self._write("npm", ".tgz", "npm error code E404")

    def _write(self, name: str, suffix: str, error: str) -> None:
        program = self.programs / name
        program.write_text(DOWNLOAD.format(store=self.store, suffix=suffix, error=error))
        program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """What the clients were called with, in order."""
        file = self.store / "asked"
        return file.read_text().splitlines() if file.exists() else []

    def debian(self, name: str, files: Mapping[str, bytes]) -> None:
        """A package whose files are in /usr/share/fonts, its copyright file where Debian has it."""
        root = self.store / f"{name}.root"
        control = root / "DEBIAN" / "control"
        control.parent.mkdir(parents=True)
        control.write_text(
            f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: fonts\n"
        )
        for file, content in files.items():
            place = f"usr/share/doc/{name}" if file == "copyright" else "usr/share/fonts/truetype"
            path = root / place / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        archive = self.store / f"{name}_1.0_all.deb"
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, archive], check=True, capture_output=True)
        shutil.rmtree(root)

    def npm(self, name: str, files: Mapping[str, bytes]) -> None:
        """A package as ``npm pack`` leaves it; ``name`` with its version."""
        with tarfile.open(self.store / (name.replace("@", "_").replace("/", "_") + ".tgz"), "w:gz") as archive:
            for file, content in files.items():
                member = tarfile.TarInfo(f"package/{file}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))

    def path(self) -> str:
        """A ``PATH`` on which these clients come first."""
        return f"{self.programs}{os.pathsep}{os.environ['PATH']}"
