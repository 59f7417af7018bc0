"""The numbers of a run in ``verdict.json`` that sum up its series; docs/report.md defines each."""

from __future__ import annotations

from typing import Any

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.run.monitor import Monitor


def measures(monitor: Monitor) -> dict[str, Any]:
    """Return what the network and the motion came to over the run; None where there was nothing to measure."""
    series, motion = monitor.series, monitor.motion
    return {
        "lambda2_min": min(series.lambda2, default=0.0),
        "lambda2_end": _last(series.lambda2) or 0.0,
        "lambda2_held_min": min(series.lambda2_held, default=0.0),
        "lambda2_held_end": _last(series.lambda2_held) or 0.0,
        "lambda2_estimated_end": _number(median(series.estimated[-1:])),
        "parts_max": max(series.parts, default=0),
        "relative_connectivity_min": min(series.connectivity, default=1.0),
        "links_formed": sum(series.formed),
        "links_let_go": sum(series.let_go),
        "order_mean": _mean(motion.order),
        "polarisation_mean": _mean(motion.polarisation),
        "velocity_mismatch_mean_m2_s2": _mean(motion.mismatch),
        "cohesion_radius_max_m": _number(np.fmax.reduce(motion.cohesion, initial=-np.inf)),
        "cohesion_radius_end_m": _last(motion.cohesion),
        "deviation_energy_end": _last(motion.energy),
    }


def median(estimated: list[Array]) -> float:
    """Return the median of the numbers that are there; NaN if none is."""
    known = np.concatenate([*estimated, np.zeros(0)])
    known = known[np.isfinite(known)]
    return float(np.median(known)) if len(known) else np.nan


def _mean(values: list[float]) -> float | None:
    return _number(float(np.nanmean(values))) if np.isfinite(values).any() else None


def _last(values: list[float]) -> float | None:
    return _number(values[-1]) if values else None


def _number(value: float) -> float | None:
    """Return a number that JSON knows."""
    return float(value) if np.isfinite(value) else None
