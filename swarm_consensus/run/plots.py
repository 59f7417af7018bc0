"""The pictures of the report, drawn from what lies in a run folder."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from swarm_consensus.arrays import Array
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.network.walls import cut_by_walls
from swarm_consensus.simulation.placement import blocking, distances
from swarm_consensus.simulation.scenario import Scenario

# Okabe and Ito's palette: told apart also by the colour blind
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#7f7f7f"
PALETTE = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "#1a1a1a")
LOOKS = {"multirotor": (BLUE, "o"), "rover": (ORANGE, "s")}  # colour and marker: no meaning by colour alone
Series = Mapping[str, Any]

# text stays text, in the reader's font; the salt makes two drawings of one run equal to the byte
_SVG: Any = {"svg.fonttype": "none", "svg.hashsalt": "swarm_consensus"}


def svg(draw: Callable[[Axes], None], width: float = 5.2, height: float = 2.7) -> str:
    """Return a drawing as SVG; width and height in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    draw(axes)
    text = io.StringIO()
    with mpl.rc_context(_SVG):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def ground_plan(scenario: Scenario, series: Series) -> Callable[[Axes], None]:
    """Paths over the map: starts hollow, ends filled, the dead crossed out, goals as stars, radio links at the end."""

    def draw(axes: Axes) -> None:
        axes.add_patch(Polygon(fence_corners(scenario.bounds_m), fill=False, edgecolor=GREY, linestyle="--"))
        for obstacle in scenario.obstacles:
            corners = np.array([corner[:2] for corner in obstacle.polygon_m])
            axes.add_patch(Polygon(corners, facecolor="#d9d9d9", edgecolor=GREY))
        for dock in scenario.docks:
            axes.add_patch(
                Circle(
                    (dock.position_m[0], dock.position_m[1]),
                    dock.reach_m,
                    facecolor="#d7efe6",
                    edgecolor=GREEN,
                    linestyle=":",
                )
            )
        _draw_links(axes, scenario, series)
        _draw_paths(axes, scenario, series)
        goals = [*scenario.mission.goals_m.values(), *([scenario.mission.goal_m] if scenario.mission.goal_m else [])]
        for goal in goals:
            axes.plot(goal[0], goal[1], "*", color=RED, markersize=12, markeredgecolor="white", zorder=4)
        _draw_legend(axes, scenario, goals=bool(goals), dead=bool(_dead(series).any()))
        axes.set(xlabel="x, m", ylabel="y, m", aspect="equal")
        axes.autoscale_view()

    return draw


def _dead(series: Series) -> Any:
    """Who had no power at the last tick, (n,)."""
    return np.isnan(series["goal"][-1])


def final_links(scenario: Scenario, series: Series) -> list[tuple[int, int]]:
    """Pairs of living robots in reach of each other at the last tick, in sight where walls block the radio."""
    position: Array = series["path"][-1]
    alive = ~_dead(series)
    linked = np.triu((distances(position) <= scenario.radio.range_m) & alive & alive[:, None], 1)
    first, second = np.nonzero(linked)
    walls = [(wall.polygon, wall.height) for wall in blocking(scenario)]
    seen = ~cut_by_walls(position[first], position[second], walls)
    return list(zip(first[seen].tolist(), second[seen].tolist(), strict=True))


def _draw_links(axes: Axes, scenario: Scenario, series: Series) -> None:
    end = series["path"][-1]
    for pair in final_links(scenario, series):
        axes.plot(end[pair, 0], end[pair, 1], color=GREY, linewidth=0.5, alpha=0.35, zorder=1)


def _draw_paths(axes: Axes, scenario: Scenario, series: Series) -> None:
    kinds = {robot.name: robot.vehicle for robot in scenario.robots}
    dead = _dead(series)
    for index, name in enumerate(series["names"]):
        colour, marker = LOOKS[kinds[str(name)]]
        x, y = series["path"][:, index, 0], series["path"][:, index, 1]
        axes.plot(x, y, color=colour, alpha=0.55, linewidth=1.0, zorder=2)
        axes.plot(x[:1], y[:1], marker, markerfacecolor="white", color=colour, markersize=5, zorder=3)
        end, shade = ("X", "#1a1a1a") if dead[index] else (marker, colour)
        axes.plot(x[-1:], y[-1:], end, color=shade, markersize=6, markeredgecolor="white", zorder=3)


def _draw_legend(axes: Axes, scenario: Scenario, *, goals: bool, dead: bool) -> None:
    for kind in sorted({robot.vehicle for robot in scenario.robots}):
        axes.plot([], [], LOOKS[kind][1], color=LOOKS[kind][0], label=kind)
    axes.plot([], [], "o", markerfacecolor="white", color=GREY, label="start")
    if dead:
        axes.plot([], [], "X", color="#1a1a1a", label="dead")
    if goals:
        axes.plot([], [], "*", color=RED, markersize=10, label="goal")
    axes.plot([], [], color=GREY, linewidth=0.8, label="radio link at the end")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=8, ncols=6, frameon=False, columnspacing=1.0)


def over_time(series: Series, key: str, label: str, bounds: Sequence[tuple[float, str]] = ()) -> Callable[[Axes], None]:
    """One value over time, with the bounds it must keep, each a value and what it is.

    Where there is nothing to measure (no pair: infinite; no held link: 0 m) there is no line.
    """

    def draw(axes: Axes) -> None:
        values = np.asarray(series[key], dtype=float)
        nothing = ~np.isfinite(values) | ((values == 0.0) if key == "link" else False)
        axes.plot(series["time"], np.where(nothing, np.nan, values), color=BLUE)
        for (bound, what), style in zip(bounds, ("--", ":"), strict=False):
            axes.axhline(bound, color=RED, linestyle=style, linewidth=1.2, label=f"{what}, {bound:g} m")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8, frameon=False)
        axes.set(xlabel="time, s", ylabel=label)
        axes.set_ylim(bottom=0.0)

    return draw


def separation(series: Series, bounds: Sequence[tuple[float, str]]) -> Callable[[Axes], None]:
    """Smallest distance of two living robots, with a cross for each contact, also with what is no robot."""

    def draw(axes: Axes) -> None:
        times = series["contact"]
        if len(times):
            axes.plot(times, np.zeros(len(times)), "x", color=RED, label="contact", clip_on=False)
        over_time(series, "separation", "m", bounds)(axes)

    return draw


def goal_distance(series: Series) -> Callable[[Axes], None]:
    """Distance to the goal, a line for each robot."""

    def draw(axes: Axes) -> None:
        for index, name in enumerate(series["names"]):
            label = str(name) if len(series["names"]) <= 12 else None
            colour, style = PALETTE[index % len(PALETTE)], "-" if index < len(PALETTE) else "--"
            axes.plot(series["time"], series["goal"][:, index], style, color=colour, linewidth=1.0, label=label)
        if len(series["names"]) <= 12:
            axes.legend(fontsize=7, ncols=3, frameon=False)
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
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.locator_params(axis="x", nbins=4)
        axes.grid(visible=False)

    return draw


def held_back(series: Series) -> Callable[[Axes], None]:
    """How many robots each kind of limit holds back."""

    def draw(axes: Axes) -> None:
        kinds = [key for key in series if key.startswith("active_") and series[key].any()]
        for kind, colour in zip(kinds, PALETTE, strict=False):
            axes.plot(series["time"], series[kind], color=colour, linewidth=1.0, label=kind.removeprefix("active_"))
        if kinds:
            axes.legend(fontsize=8, ncols=3, frameon=False)
        axes.set(xlabel="time, s", ylabel="robots held back")
        axes.set_ylim(bottom=0.0)

    return draw
