"""What long campaigns write down, a line for each part, so that the next call goes on where the last one ended.

The types stand here and not beside the `main` functions that use them: what a main module defines goes to other
processes by value, which msgspec's types do not survive.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import msgspec


class Tally(msgspec.Struct):
    """What happened in a batch of simulated clusters."""

    code: str  # what it ran on
    first: int  # seed
    last: int  # seed after the last
    seconds: float
    counts: dict[str, int]
    violations: list[str]


class Ran(msgspec.Struct, frozen=True):
    """What became of one run of a world."""

    code: str  # what it ran on
    world: str
    physics: str
    seed: int
    seconds: float
    failed: tuple[str, ...]  # expectations, with what was measured


class Judged(msgspec.Struct, frozen=True):
    """What became of one random run."""

    code: str  # what it ran on
    set: str  # what it was drawn from
    robots: str  # ours, or a baseline
    seed: int
    seconds: float
    failed: tuple[str, ...]  # expectations


Line = TypeVar("Line", Tally, Ran, Judged)


def fingerprint(files: Iterable[Path]) -> str:
    """Return what names the state of some files."""
    return blake2b(b"".join(path.read_bytes() for path in files), digest_size=6).hexdigest()


def read(path: Path | None, kind: type[Line]) -> list[Line]:
    """Return all lines of a record; one that was cut short is none."""
    found = []
    for line in path.read_bytes().splitlines() if path is not None and path.exists() else ():
        try:
            found.append(msgspec.json.decode(line, type=kind))
        except msgspec.MsgspecError:
            continue
    return found


def add(path: Path | None, line: Tally | Ran | Judged) -> None:
    """Write a line."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
