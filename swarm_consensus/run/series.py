"""The values of a run tick by tick, as a file that the report is made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.run.monitor import Monitor

KINDS = ("link", "near", "obstacle", "fence", "floor", "ceiling")  # of limits that hold robots back


def save_series(folder: Path, monitor: Monitor, paths: Array) -> None:
    """Write ``series.npz``.

    Arrays: ``names`` (n,), ``time`` (t,) s, ``path`` (t, n, 3) m, ``goal`` (t, n) m with NaN for the dead, ``lambda2``,
    ``separation`` m, ``link`` m, ``links``, ``parts`` (t,), and ``active_<kind>`` (t,), robots held back by that kind.
    For each quantity also ``value_<name>`` (t, n, d), ``spread_<name>`` (t,), ``mean_<name>`` (t, d), mean of the true
    inputs, and ``honest_<name>`` (n,), 1 or 0.
    """
    series = monitor.series
    active = {f"active_{kind}": np.array([counts.get(kind, 0) for counts in series.active]) for kind in KINDS}
    np.savez_compressed(
        folder / "series.npz",
        names=np.array(monitor.names),
        time=np.array(series.time),
        path=paths,
        goal=np.array(series.goal).reshape(-1, len(monitor.names)),
        lambda2=np.array(series.lambda2),
        separation=np.array(series.separation),
        link=np.array(series.link),
        links=np.array(series.links),
        parts=np.array(series.parts),
        **(active | (monitor.agreement.series() if monitor.agreement else {})),  # type: ignore[arg-type]
    )


def load_series(folder: Path) -> dict[str, NDArray[np.generic]]:
    """Read ``series.npz``."""
    with np.load(folder / "series.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
