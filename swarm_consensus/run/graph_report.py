"""``swarm graph``: what a network's graph says about averaging and about liars, as tables and as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError
from swarm_consensus.graph import Robustness, robustness
from swarm_consensus.graph.layout import layout
from swarm_consensus.graph.spectrum import Spectrum, spectrum
from swarm_consensus.run.graph_file import NamedGraph, read_graph
from swarm_consensus.run.plots import BLUE, GREY, ORANGE, RED

FORMATS = (".svg", ".png", ".pdf")
_NAMED = 40  # nodes up to which a picture has room for names


def report(
    source: str | Path, console: Console, *, seed: int = 0, tolerance: float = 1e-3, draw: Path | None = None
) -> None:
    """Print the report of a graph, and draw it.

    Parameters
    ----------
    source, seed
        As for `swarm_consensus.run.graph_file.read_graph`.
    console
        Where it is printed.
    tolerance
        What is left of the initial error when averaging is called done, in (0, 1).
    draw
        File of the picture; its ending says which kind. None: no picture.

    Raises
    ------
    InputError
        If the graph can't be read or the picture not written.
    GraphError
        If the graph is split.
    """
    if draw is not None and draw.suffix.lower() not in FORMATS:
        raise InputError([f"--draw is '{draw}', must end in {', '.join(FORMATS)}"])
    graph = read_graph(source, seed)
    result, bears = spectrum(graph.adjacency, tolerance), robustness(graph.adjacency)
    console.print(facts(graph, result, bears))
    console.print(rates(result))
    if draw is not None:
        _write(graph, result, draw)
        console.print(f"Picture: {draw}", highlight=False, soft_wrap=True)


def facts(graph: NamedGraph, result: Spectrum, bears: Robustness) -> Table:
    """Return what is known of the graph itself, one line for each fact."""
    table = Table("graph", "", title=graph.title, show_header=False, title_justify="left")
    table.add_row("nodes, links", f"{result.nodes}, {result.links}")
    table.add_row("Laplacian eigenvalues", _ends(result.eigenvalues))
    table.add_row("algebraic connectivity", f"{result.connectivity:.6g}")
    table.add_row("condition number", f"{result.condition:.6g}")
    if result.best_link is None:
        table.add_row("best added link", "none: no single link raises the connectivity")
    else:
        ends = f"{graph.names[result.best_link.first]} - {graph.names[result.best_link.second]}"
        table.add_row("best added link", f"{ends}: connectivity {result.best_link.connectivity:.6g}")
    known = f"{bears.r}" if bears.r == bears.r_at_most else f"at least {bears.r}, at most {bears.r_at_most}"
    table.add_row("robustness r", known)
    if bears.weakest is not None:
        groups = " | ".join(_some([graph.names[node] for node in group]) for group in bears.weakest)
        table.add_row("weakest two groups", groups)
    proved = "" if bears.exact else " proved"
    table.add_row("liars it bears, in all", f"{bears.liars}{proved}")
    table.add_row("liars it bears, per neighbourhood", f"{bears.liars_per_neighbourhood}{proved}")
    return table


def rates(result: Spectrum) -> Table:
    """Return how fast averaging is under each weight rule."""
    title = f"rounds until {result.tolerance:g} of the error is left"
    table = Table("weights", title=title, title_justify="left")
    for heading in ("rho", "plain", "two-register", "Chebyshev"):
        table.add_column(heading, justify="right")
    for each in result.convergence:
        rounds = (each.plain, each.two_register, each.chebyshev)
        table.add_row(each.rule, f"{each.rho:.6f}", *("never" if k is None else str(k) for k in rounds))
    return table


def picture(graph: NamedGraph, result: Spectrum) -> Figure:
    """Draw the graph, robots at their places, the missing link dashed, and beside it its Laplacian eigenvalues."""
    figure = Figure(figsize=(9.0, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    _draw_graph(left, graph, result)
    right.plot(np.arange(1, result.nodes + 1), result.eigenvalues, ".", color=BLUE)
    if result.nodes > 1:
        right.plot(2, result.connectivity, "o", color=ORANGE, label=f"connectivity {result.connectivity:.4g}")
        right.legend(fontsize=8, frameon=False)
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set(xlabel="number", ylabel="Laplacian eigenvalue")
    right.spines[["top", "right"]].set_visible(False)
    right.grid(alpha=0.25)
    return figure


def _draw_graph(axes: Axes, graph: NamedGraph, result: Spectrum) -> None:
    place = layout(graph.adjacency) if graph.position is None else graph.position
    first, second = np.nonzero(np.triu(graph.adjacency))
    axes.add_collection(
        LineCollection(list(np.stack([place[first], place[second]], axis=1)), colors=GREY, linewidths=0.8)
    )
    if result.best_link is not None:
        x, y = place[[result.best_link.first, result.best_link.second]].T
        axes.plot(x, y, "--", color=RED, linewidth=1.4, label="best added link")
        axes.legend(fontsize=8, frameon=False, loc="upper left")
    axes.plot(place[:, 0], place[:, 1], "o", color=BLUE, markersize=6)
    if result.nodes <= _NAMED:
        for name, spot in zip(graph.names, place, strict=True):
            axes.annotate(name, spot, xytext=(4, 4), textcoords="offset points", fontsize=7)
    axes.set_aspect("equal")
    axes.margins(0.1)
    axes.set_title(graph.title, fontsize=9)
    if graph.position is None:
        axes.set_axis_off()
    else:
        axes.set(xlabel="x, m", ylabel="y, m")


def _write(graph: NamedGraph, result: Spectrum, path: Path) -> None:
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
    try:
        picture(graph, result).savefig(path, metadata=metadata, dpi=150)
    except OSError as error:
        raise InputError([f"--draw {path}: {(error.strerror or str(error)).lower()}"]) from None


def _ends(values: Array) -> str:
    """Return values, or only the first and last ones of many."""
    shown = [f"{value:.4g}" for value in values]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:4], "...", *shown[-2:]])


def _some(names: list[str]) -> str:
    return ", ".join(names if len(names) <= 8 else [*names[:7], f"and {len(names) - 7} more"])
