"""The values of a run tick by tick, as a file that the report is made from."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.simulation.world import Contact

FORMAT = 1  # of the file; to be raised when an array comes or changes
KINDS = ("link", "near", "obstacle", "fence", "floor", "ceiling")  # of limits that hold robots back


def save_series(folder: Path, monitor: Monitor, paths: Array, contacts: Sequence[Contact]) -> None:
    """Write ``series.npz``.

    Arrays: ``format`` of the file; ``names`` (n,), ``time`` (t,) s, ``path`` (t, n, 3) m, ``goal`` (t, n) m with NaN
    for the dead, ``estimated`` (t, n), each robot's estimate of ``lambda2_held``, NaN where it has none; ``lambda2``,
    ``lambda2_held``, ``separation`` m, ``link`` m, ``links``, ``formed``, ``let_go``, ``parts``, ``connectivity``,
    ``order``, ``polarisation``, ``mismatch`` m^2/s^2, ``cohesion`` m (t,), ``energy`` (t,), or (0,) without a lattice;
    ``active_<kind>`` (t,), robots held back by that kind; ``contact`` (c,) s, when bodies touched.
    For each quantity also ``value_<name>`` (t, n, d), ``spread_<name>`` (t,), ``mean_<name>`` (t, d), mean of the true
    inputs, and ``honest_<name>`` (n,), 1 or 0. Where there are batteries ``charge`` (t, n), a share of the capacity;
    where there are docks ``dock_on`` (t, docks), robots on each.
    """
    series, motion, count = monitor.series, monitor.motion, len(monitor.names)
    values: dict[str, Any] = {f"active_{kind}": [counts.get(kind, 0) for counts in series.active] for kind in KINDS}
    for key in ("time", "lambda2", "lambda2_held", "separation", "link", "links", "formed", "let_go", "parts"):
        values[key] = getattr(series, key)
    if monitor.agreement is not None:
        values |= monitor.agreement.series()
    if monitor.choices is not None:
        values |= monitor.choices.series()
    if monitor.batteries is not None:
        values |= monitor.batteries.series()
    if monitor.docks is not None:
        values |= monitor.docks.series()
    for key in ("order", "polarisation", "mismatch", "cohesion", "energy"):
        values[key] = getattr(motion, key)
    np.savez_compressed(
        folder / "series.npz",
        format=np.array(FORMAT),
        names=np.array(monitor.names),
        path=paths,
        goal=np.array(series.goal).reshape(-1, count),
        estimated=np.array(series.estimated).reshape(-1, count),
        connectivity=np.array(series.connectivity),
        contact=np.array([contact.time for contact in contacts]),
        **{key: np.array(value) for key, value in values.items()},  # type: ignore[arg-type]
    )


def load_series(folder: Path) -> dict[str, NDArray[np.generic]]:
    """Read ``series.npz``.

    Raises
    ------
    InputError
        If it is damaged, or of another version.
    """
    path = folder / "series.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            series = {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError, BadZipFile, zlib.error) as error:
        raise InputError([f"{path} is damaged: {error}; run the world again"]) from None
    found = int(series.pop("format", np.array(0)))
    if found != FORMAT:
        raise InputError(
            [f"{path} has format {found}, must be {FORMAT}: another version wrote it; run the world again"]
        )
    return series
