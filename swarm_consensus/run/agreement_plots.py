"""The report's pictures of quantities: what each robot believes, and how far they are from each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes

from swarm_consensus.run.plots import BLUE, PALETTE, RED, Series
from swarm_consensus.simulation.quantities import EXTREMES
from swarm_consensus.simulation.scenario import Quantity, Scenario

_FLOOR = 1e-16  # of the spread on its logarithmic axis: as near as two floats near 1 can be
_MOST_NAMED = 12  # robots in a legend


def pictures(scenario: Scenario, series: Series) -> Iterator[tuple[str, Callable[[Axes], None]]]:
    """Yield the caption and the drawing of each picture; none for a run folder that has no such series."""
    for quantity in scenario.quantities:
        if f"value_{quantity.name}" not in series:
            continue
        of = f"{quantity.name}, law {quantity.law}"
        for place in range(series[f"value_{quantity.name}"].shape[2]):
            axis = f" {'xy'[place]}" if quantity.source == "position" else ""
            yield f"Quantity {of}{axis}: what each robot believes", _values(quantity, series, place)
        yield f"Quantity {of}: spread of the honest values", _spread(scenario, quantity, series)


def _values(quantity: Quantity, series: Series, place: int) -> Callable[[Axes], None]:
    """One coordinate of a line for each robot, dashed for one that lies; dotted the mean of the true inputs."""

    def draw(axes: Axes) -> None:
        names, honest = series["names"], series[f"honest_{quantity.name}"]
        for index, name in enumerate(names):
            style = "-" if honest[index] else "--"
            label = f"{name}{'' if honest[index] else ' (lies)'}" if len(names) <= _MOST_NAMED else None
            value = series[f"value_{quantity.name}"][:, index, place]
            axes.plot(series["time"], value, style, color=PALETTE[index % len(PALETTE)], linewidth=1.0, label=label)
        if quantity.law not in EXTREMES:
            mean = series[f"mean_{quantity.name}"][:, place]
            axes.plot(series["time"], mean, ":", color="#1a1a1a", linewidth=1.6, label="mean of the true inputs")
        axes.legend(fontsize=7, ncols=3, frameon=False)
        axes.set(xlabel="time, s", ylabel=quantity.unit or "value")

    return draw


def _spread(scenario: Scenario, quantity: Quantity, series: Series) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        spread = np.maximum(series[f"spread_{quantity.name}"], _FLOOR)
        axes.semilogy(series["time"], spread, color=BLUE)
        for what, table, style in (
            ("at most", scenario.expect.agreed_within, "--"),
            ("at least", scenario.expect.apart_by, ":"),
        ):
            if quantity.name in table:
                bound = table[quantity.name]
                axes.axhline(bound, color=RED, linestyle=style, linewidth=1.2, label=f"{what} {bound:g}")
                axes.legend(fontsize=8, frameon=False)
        axes.set(xlabel="time, s", ylabel=quantity.unit or "spread")

    return draw
