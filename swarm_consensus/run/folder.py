"""The run folder: where everything about one run lies."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from swarm_consensus.errors import InputError, SwarmError

logger = logging.getLogger("swarm_consensus")


def create_folder(out: str | Path | None, name: str, seed: int) -> Path:
    """Make an empty run folder.

    Parameters
    ----------
    out
        Where; None: ``runs/<name>-seed<seed>``, with a number behind it if that is taken.
    name, seed
        Of the scenario and the run.

    Raises
    ------
    InputError
        If the place is occupied or can't be written.
    """
    try:
        if out is None:
            return _claim(Path("runs"), f"{name}-seed{seed}")
        folder = Path(out)
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError([f"--out {folder}: the folder is not empty; name another one"])
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        place = "runs" if out is None else f"--out {out}"
        raise InputError([f"{place}: {(error.strerror or str(error)).lower()}"]) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError([f"--out {folder}: no permission to write there"])
    return folder


def _claim(parent: Path, name: str) -> Path:
    """Make the first free of name, name-2, name-3, ...; of two runs that start at once, each gets its own."""
    parent.mkdir(parents=True, exist_ok=True)
    for path in chain([parent / name], (parent / f"{name}-{number}" for number in count(2))):
        with suppress(FileExistsError):
            path.mkdir()
            return path
    raise AssertionError  # counting has no end


@contextmanager
def while_there_is_room(folder: Path) -> Iterator[None]:
    """Say in a sentence that the disk of a run folder is full.

    Raises
    ------
    SwarmError
        Then; what was written before stays.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        text = f"the disk of {folder} is full, and the run folder is not complete; free space, or name another --out"
        raise SwarmError(text) from error


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write the package's log into a file while a run lasts."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()
