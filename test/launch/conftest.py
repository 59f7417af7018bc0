"""The package as a source tree of its own, from which tests install."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ("package.xml", "setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
FOLDERS = ("swarm_consensus", "launch", "config", "worlds", "resource")


@pytest.fixture(scope="session")
def copied() -> Callable[[Path], None]:
    """Copy what belongs to the package into a folder, so that the checkout gets no build folder."""

    def copy(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PACKAGE:
            shutil.copy(ROOT / name, folder)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    return copy
