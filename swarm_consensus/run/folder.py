"""The run folder: where everything about one run lies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path

from swarm_consensus.errors import InputError

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
    folder = _free(name, seed) if out is None else Path(out)
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError([f"--out {folder}: the folder is not empty; name another one"])
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([f"--out {folder}: {(error.strerror or str(error)).lower()}"]) from None
    return folder


def _free(name: str, seed: int) -> Path:
    base = Path("runs") / f"{name}-seed{seed}"
    numbered = (base.with_name(f"{base.name}-{number}") for number in count(2))
    return next(path for path in chain([base], numbered) if not path.exists())


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
