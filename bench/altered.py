"""Altered frames: every world, in memory, while some of what each robot hears is altered inside on its way.

``python bench/altered.py [SEEDS]``: so many seeds (1) of each world, for `SECONDS` of it. A third of all frames is
decoded down to the bytes in bytes, one to three of their values are replaced by others, some of them absurd, lists grow
and shrink, and the frame is put together again: unlike altered bytes, most of that is still read. It happens behind the
seals, as if the senders were captured with their keys. What robots do then is not judged, since frames may lie; but
whatever they hear, no tick may end by it, and every command is a number. Exit status 1 if one did.
"""

from __future__ import annotations

import math
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from arguments import number
from joblib import Parallel, delayed
from msgspec import msgpack
from rich.console import Console
from rich.table import Table

from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import HEADER, MAGIC, ROOM, VERSION, FrameError, wrap
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.state import Response, Stimulus
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.worlds import load

SEEDS = 1
SECONDS = 12.0
SHARE = 0.3  # of the frames
WORLDS = Path(__file__).parents[1] / "worlds"
MESSAGES = 7  # place of the messages in a frame
OTHERS = (3, 4, 5, 6, 8)  # places of what else is altered: not who sent it and when, which would only be turned away
Rng = np.random.Generator
_INTEGERS = (-1, 0, 1, 255, 256, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), None, "x", 0.5)
_FLOATS = (0.0, -1e308, 1e300, 5e-324, math.inf, -math.inf, math.nan, 0)


def altered(rng: Rng, data: bytes) -> bytes:
    """Return a frame with some values replaced, or as it is where it is none or would be too long."""
    fields = _unpacked(data[HEADER:]) if data[:2] == MAGIC else None
    if fields is None or len(fields) <= MESSAGES:
        return data
    for _ in range(int(rng.integers(1, 4))):
        place = MESSAGES if fields[MESSAGES] and rng.random() < 0.85 else int(rng.choice(OTHERS))
        if place < len(fields):
            fields[place] = _altered(rng, fields[place])
    try:
        return wrap(MAGIC, VERSION, msgpack.encode(fields), ROOM)
    except (FrameError, OverflowError):
        return data


def _altered(rng: Rng, value: Any) -> Any:
    """Return a value with something in it altered."""
    if isinstance(value, list):
        return _list(rng, value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + int(rng.integers(-2, 3)) if rng.random() < 0.4 else _INTEGERS[rng.integers(len(_INTEGERS))]
    if isinstance(value, float):
        return value * float(rng.normal()) if rng.random() < 0.4 else _FLOATS[rng.integers(len(_FLOATS))]
    if isinstance(value, bytes):
        return _bytes(rng, value)
    return value[:-1] if isinstance(value, str) else [0]


def _list(rng: Rng, values: list[Any]) -> list[Any]:
    if not values or rng.random() < 0.1:
        longer = values * 2 if len(values) < 50 else []
        return longer if rng.random() < 0.5 else values[:-1]
    place = int(rng.integers(len(values)))
    return [*values[:place], _altered(rng, values[place]), *values[place + 1 :]]


def _bytes(rng: Rng, value: bytes) -> bytes:
    """Alter what is packed in bytes, if anything is, or the bytes."""
    inner = _unpacked(value)
    if inner is not None and rng.random() < 0.5:
        return msgpack.encode(_altered(rng, inner))
    grown = value + rng.bytes(8)
    return grown[: int(rng.integers(len(grown) + 1))]


def _unpacked(data: bytes) -> list[Any] | None:
    """Return what is packed in some bytes if it is a list."""
    try:
        found = msgpack.decode(data)
    except UNREADABLE:
        return None
    return found if isinstance(found, list) else None


class Deceived(Agent):
    """A robot that hears altered frames, as if their senders were captured with their keys; `rng` draws which."""

    def __init__(self, rng: Rng, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rng, self._truly = rng, self._air.open
        setattr(self._air, "open", self._open)  # noqa: B010 - behind the seals, where nothing is turned away any more

    def _open(self, packets: Sequence[bytes], now: int) -> tuple[Sequence[bytes], Sequence[int] | None]:
        frames, senders = self._truly(packets, now)
        return [altered(self._rng, f) if self._rng.random() < SHARE else f for f in frames], senders

    def tick(self, stimulus: Stimulus) -> Response:
        """Take one tick."""
        response = super().tick(stimulus)
        assert math.isfinite(float(response.command.linear.sum()) + response.command.yaw_rate)
        return response


def broken(world: str, seed: int, seconds: float = SECONDS, kind: Callable[..., Agent] = Deceived) -> str:
    """Run a world; return how a tick ended, or ''."""
    try:
        scenario = msgspec.structs.replace(load(WORLDS / f"{world}.yaml"), duration_s=seconds)
        judged_run(scenario, seed, make_agent=partial(kind, np.random.default_rng(seed)))
    except Exception as error:  # whatever it is, it came out of a tick
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}: {error}"
    return ""


def main() -> None:
    """Print a row for each world."""
    seeds = range(number(__doc__, "seeds", SEEDS))
    worlds = sorted(path.stem for path in WORLDS.glob("*.yaml"))
    found = Parallel(n_jobs=2)(delayed(broken)(world, seed) for world in worlds for seed in seeds)
    table = Table("world", "runs", "ticks that ended", title="altered frames")
    for k, world in enumerate(worlds):
        mine = [each for each in found[k * len(seeds) : (k + 1) * len(seeds)] if each]
        table.add_row(world, str(len(seeds)), "\n".join(mine) or "none")
    Console().print(table)
    sys.exit(any(found))


if __name__ == "__main__":
    main()
