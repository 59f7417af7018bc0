"""Pictures of the world: a still for the report, and a film if one is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.errors import SwarmError
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.world import World

_STILL = (960, 600)  # pixels
_FILM = (640, 400)  # pixels
_FILM_HZ = 10


@runtime_checkable
class Visible(Protocol):
    """A world that can draw itself."""

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return a picture, shape (height, width, 3)."""
        ...


class Film:
    """Takes pictures; an `Observer` of the engine.

    Parameters
    ----------
    world
        Drawn if it can draw itself.
    folder
        The run folder: ``world.png`` and ``video.mp4`` go there.
    rate
        Ticks a second.
    moving
        Whether to film the run, and not only to take a picture at its end.

    Raises
    ------
    SwarmError
        If a film is asked for and what makes it is missing.
    """

    def __init__(self, world: World, folder: Path, rate: int, *, moving: bool) -> None:
        self._world = world if isinstance(world, Visible) else None
        self._folder = folder
        self._every = max(1, rate // _FILM_HZ)
        self._writer: Any = _writer(folder / "video.mp4") if moving and self._world else None

    def observe(self, position: Array) -> None:
        """Physics steps are not filmed."""

    def record(self, record: TickRecord) -> None:
        """Film this tick if its turn has come."""
        if self._writer is not None and self._world is not None and record.tick % self._every == 0:
            self._writer.send(np.ascontiguousarray(self._world.render(*_FILM)))

    def finish(self) -> None:
        """Close the film and take the last picture."""
        if self._writer is not None:
            self._writer.close()
        if self._world is not None:
            imsave(self._folder / "world.png", self._world.render(*_STILL))


def _writer(path: Path) -> Any:
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - an extra
    except ImportError:
        raise SwarmError("--video needs imageio-ffmpeg: pip install 'swarm_consensus[video]'") from None
    writer = imageio_ffmpeg.write_frames(str(path), _FILM, fps=_FILM_HZ)
    writer.send(None)
    return writer
