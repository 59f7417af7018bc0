"""The pictures of the report, drawn from what lies in a run folder."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.simulation.scenario import Scenario

# Okabe and Ito's palette: told apart also by the colour blind
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#7f7f7f"
PALETTE = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "#F0E442")
Series = Mapping[str, Any]


def svg(draw: Callable[[Axes], None], width: float = 7.2, height: float = 3.0) -> str:
    """Return a drawing as SVG that stands inside a page."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    draw(axes)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def ground_plan(scenario: Scenario, series: Series) -> Callable[[Axes], None]:
    """Paths over the map: starts as rings, ends as dots, the goal as a star, the links at the end as thin lines."""

    def draw(axes: Axes) -> None:
        axes.add_patch(Polygon(fence_corners(scenario.bounds_m), fill=False, edgecolor=GREY, linestyle="--"))
        for obstacle in scenario.obstacles:
            axes.add_patch(Polygon(np.array(obstacle.polygon_m), facecolor="#d9d9d9", edgecolor=GREY))
        paths = series["path"]
        flies = {robot.name: robot.vehicle == "multirotor" for robot in scenario.robots}
        for index, name in enumerate(series["names"]):
            colour = BLUE if flies.get(str(name)) else ORANGE
            x, y = paths[:, index, 0], paths[:, index, 1]
            axes.plot(x, y, color=colour, alpha=0.55, linewidth=1.0)
            axes.plot(x[:1], y[:1], "o", markerfacecolor="white", color=colour, markersize=5)
            axes.plot(x[-1:], y[-1:], "o", color=colour, markersize=5)
        goals = [*scenario.mission.goals_m.values(), *([scenario.mission.goal_m] if scenario.mission.goal_m else [])]
        for goal in goals:
            axes.plot(goal[0], goal[1], "*", color=RED, markersize=11)
        axes.plot([], [], "o", color=BLUE, label="multirotor")
        axes.plot([], [], "o", color=ORANGE, label="rover")
        axes.plot([], [], "o", markerfacecolor="white", color=GREY, label="start")
        if goals:
            axes.plot([], [], "*", color=RED, label="goal")
        axes.legend(loc="upper left", fontsize=8, ncols=4, frameon=False)
        axes.set(xlabel="x, m", ylabel="y, m", aspect="equal")
        axes.autoscale_view()

    return draw


def over_time(
    series: Series, key: str, label: str, bound: float | None = None, what: str = ""
) -> Callable[[Axes], None]:
    """One value over time, with the bound it must keep."""

    def draw(axes: Axes) -> None:
        values = np.where(np.isfinite(series[key]), series[key], np.nan)
        axes.plot(series["time"], values, color=BLUE)
        if bound is not None:
            axes.axhline(bound, color=RED, linestyle="--", linewidth=1.0, label=what)
            axes.legend(fontsize=8, frameon=False)
        axes.set(xlabel="time, s", ylabel=label)
        axes.set_ylim(bottom=0.0)

    return draw


def goal_distance(series: Series) -> Callable[[Axes], None]:
    """Distance to the goal, a line for each robot."""

    def draw(axes: Axes) -> None:
        for index, name in enumerate(series["names"]):
            label = str(name) if len(series["names"]) <= 12 else None
            colour, style = PALETTE[index % len(PALETTE)], "-" if index < len(PALETTE) else "--"
            axes.plot(series["time"], series["goal"][:, index], style, color=colour, linewidth=1.0, label=label)
        if len(series["names"]) <= 12:
            axes.legend(fontsize=7, ncols=4, frameon=False)
        axes.set(xlabel="time, s", ylabel="distance to goal, m")
        axes.set_ylim(bottom=0.0)

    return draw


def frames(counts: Mapping[str, int]) -> Callable[[Axes], None]:
    """Frames by what became of them."""

    def draw(axes: Axes) -> None:
        shown = {cause: number for cause, number in counts.items() if cause != "sent" and number}
        names = [cause.replace("_", " ") for cause in shown]
        colours = [GREEN if cause == "delivered" else ORANGE for cause in shown]
        bars = axes.barh(names, list(shown.values()), color=colours)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=8, padding=3)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set_xlabel(f"frames, of {counts.get('sent', 0):,} sent to one robot each")
        axes.grid(visible=False)

    return draw


def held_back(series: Series) -> Callable[[Axes], None]:
    """How many robots each kind of limit holds back."""

    def draw(axes: Axes) -> None:
        kinds = [key for key in series if key.startswith("active_") and series[key].any()]
        for kind, colour in zip(kinds, PALETTE, strict=False):
            axes.plot(series["time"], series[kind], color=colour, linewidth=1.0, label=kind.removeprefix("active_"))
        if kinds:
            axes.legend(fontsize=8, ncols=6, frameon=False)
        axes.set(xlabel="time, s", ylabel="robots held back")
        axes.set_ylim(bottom=0.0)

    return draw
