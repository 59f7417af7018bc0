"""Pictures of the report that show several values of the network or the motion together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes

from swarm_consensus.arrays import Array
from swarm_consensus.run.plots import BLUE, GREEN, GREY, ORANGE, RED, Series

_MOST_SPLITS = 3  # labelled; all are shaded


def connectivity(series: Series) -> Callable[[Axes], None]:
    """Algebraic connectivity: true by radio, true by held links, and as robots tell it; shaded where there are parts.

    What robots estimate is of the held links, so the two lines over each other are of one graph.
    """

    def draw(axes: Axes) -> None:
        time = series["time"]
        low, middle, high = spread(series["estimated"])
        axes.plot(time, series["lambda2"], ":", color=GREY, linewidth=1.2, label="radio graph, true")
        axes.plot(time, series["lambda2_held"], color=BLUE, label="held links, true")
        axes.plot(time, middle, "--", color=ORANGE, label="held links, robots' median")
        axes.fill_between(time, low, high, color=ORANGE, alpha=0.3, linewidth=0, label="range over robots")
        for number, (begin, end, parts, share) in enumerate(splits(series)):
            axes.axvspan(begin, end, color=RED, alpha=0.12, linewidth=0)
            if number < _MOST_SPLITS:
                text = f"{parts} parts\nC {share:.2f}"
                axes.text(begin, 0.98, text, fontsize=7, va="top", transform=axes.get_xaxis_transform())
        axes.legend(fontsize=8, ncols=4, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0))
        axes.set(xlabel="time, s", ylabel="lambda2")
        axes.set_ylim(bottom=0.0)

    return draw


def spread(estimated: Array) -> tuple[Array, Array, Array]:
    """Lowest, median and highest (t,) of the numbers that are there in each row of (t, n); NaN where none is."""
    found = np.full((3, len(estimated)), np.nan)
    known = np.isfinite(estimated).any(axis=1)
    if known.any():
        found[:, known] = np.nanpercentile(estimated[known], (0, 50, 100), axis=1)
    return found[0], found[1], found[2]


def splits(series: Series) -> Iterator[tuple[float, float, int, float]]:
    """Yield the times in which the living are no network: begin and end, s, parts, relative connectivity C."""
    time, parts = series["time"], series["parts"]
    turns = [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist()]
    for begin, end in zip(turns, [*turns[1:], len(parts) - 1], strict=True):
        if parts[begin] > 1:
            yield float(time[begin]), float(time[end]), int(parts[begin]), float(series["connectivity"][begin])


def links(series: Series) -> Callable[[Axes], None]:
    """Links that both ends hold, and how many were formed and let go since the start."""

    def draw(axes: Axes) -> None:
        time = series["time"]
        axes.plot(time, series["links"], color=BLUE, label="held by both ends")
        axes.plot(time, np.cumsum(series["formed"]), "--", color=GREEN, linewidth=1.2, label="formed so far")
        axes.plot(time, np.cumsum(series["let_go"]), ":", color=RED, linewidth=1.2, label="let go so far")
        axes.legend(fontsize=7, ncols=3, frameon=False)
        axes.set(xlabel="time, s", ylabel="links")
        axes.set_ylim(bottom=0.0)

    return draw


def order(series: Series) -> Callable[[Axes], None]:
    """Mean pairwise cosine of the velocities of those who move, and the length of their mean heading."""

    def draw(axes: Axes) -> None:
        axes.plot(series["time"], series["order"], color=BLUE, linewidth=1.0, label="order: mean pairwise cosine")
        axes.plot(series["time"], series["polarisation"], "--", color=ORANGE, linewidth=1.0, label="polarisation")
        axes.legend(fontsize=7, ncols=2, frameon=False, loc="lower left")
        axes.set(xlabel="time, s", ylabel="without unit", ylim=(-1.05, 1.05))

    return draw
