"""The report's pictures of choices: what each robot holds, how far it is from the best, and what agreeing costs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes

from swarm_consensus.run.plots import BLUE, PALETTE, RED, Series
from swarm_consensus.simulation.scenario import Choice, Scenario

_FLOOR = 1e-12  # of the error on its logarithmic axis
_MOST_NAMED = 12  # robots in a legend
Picture = tuple[str, Callable[[Axes], None]]


def pictures(scenario: Scenario, series: Series) -> Iterator[Picture]:
    """Yield the caption and the drawing of each picture; none for a run folder that has no such series."""
    for choice in scenario.choices:
        name = choice.name
        if f"choice_{name}" not in series:
            continue
        if choice.kind == "policy":
            yield f"Choice {name}: what each robot holds", _held(choice, series)
            yield f"Choice {name}: what agreeing costs each robot at the end", _losses(choice, series)
        elif choice.kind == "power":
            yield f"Choice {name}: power drawn by each robot", _held(choice, series)
            yield f"Choice {name}: power drawn by all", _total(choice, series)
        else:
            yield f"Choice {name}: the true field", _field(choice, series, "true")
            yield f"Choice {name}: the robots' map at the end", _field(choice, series, "map")
        yield f"Choice {name}: largest distance from the central optimum", _error(scenario, choice, series)


def _held(choice: Choice, series: Series) -> Callable[[Axes], None]:
    """A line for each robot; dotted the best, where it is one for all."""

    def draw(axes: Axes) -> None:
        names = series["names"]
        for index, name in enumerate(names):
            label = str(name) if len(names) <= _MOST_NAMED else None
            value = series[f"choice_{choice.name}"].reshape(len(series["time"]), len(names))[:, index]
            axes.plot(series["time"], value, color=PALETTE[index % len(PALETTE)], linewidth=1.0, label=label)
        if choice.kind == "policy":
            best = series[f"best_{choice.name}"][:, 0]
            axes.plot(series["time"], best, ":", color="#1a1a1a", linewidth=1.6, label="best for all together")
        axes.legend(fontsize=7, ncols=3, frameon=False)
        axes.set(xlabel="time, s", ylabel=choice.unit or "value")

    return draw


def _losses(choice: Choice, series: Series) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        names, losses = series["names"], series[f"loss_{choice.name}"]
        alone = series[f"alone_{choice.name}"]
        axes.barh(range(len(names)), losses, color=BLUE)
        labels = [f"{name}, alone {speed:.2f}" for name, speed in zip(names, alone, strict=True)]
        axes.set_yticks(range(len(names)), labels, fontsize=7)
        axes.invert_yaxis()
        axes.set(xlabel="cost of a metre, less that at its own best")

    return draw


def _total(choice: Choice, series: Series) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        axes.plot(series["time"], series[f"total_{choice.name}"], color=BLUE, linewidth=1.2)
        limit = choice.limit_w or 0.0
        axes.axhline(limit, color=RED, linestyle="--", linewidth=1.2, label=f"limit {limit:g} W")
        axes.legend(fontsize=8, frameon=False)
        axes.set(xlabel="time, s", ylabel="W", ylim=(0.0, None))

    return draw


def _field(choice: Choice, series: Series, which: str) -> Callable[[Axes], None]:
    """Lines of equal height; both pictures share their levels."""

    def draw(axes: Axes) -> None:
        places, field = series[f"places_{choice.name}"], series[f"{which}_{choice.name}"]
        levels = np.linspace(float(series[f"true_{choice.name}"].min()), float(series[f"true_{choice.name}"].max()), 12)
        drawn = axes.contourf(places[..., 0], places[..., 1], field, levels=levels, cmap="viridis", extend="both")
        axes.figure.colorbar(drawn, ax=axes, label=choice.unit or "value")
        axes.plot(*series["path"][-1, :, :2].T, ".", color=RED, markersize=4)
        axes.set(xlabel="x, m", ylabel="y, m", aspect="equal")

    return draw


def _error(scenario: Scenario, choice: Choice, series: Series) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        axes.semilogy(series["time"], np.maximum(series[f"choice_error_{choice.name}"], _FLOOR), color=BLUE)
        bound = scenario.expect.chosen_within.get(choice.name)
        if bound is not None:
            axes.axhline(bound, color=RED, linestyle="--", linewidth=1.2, label=f"at most {bound:g}")
            axes.legend(fontsize=8, frameon=False)
        axes.set(xlabel="time, s", ylabel=choice.unit or "error")

    return draw
