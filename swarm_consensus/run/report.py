"""The report: one HTML file with everything in it, made from a run folder alone."""

from __future__ import annotations

import base64
import html
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from swarm_consensus.errors import InputError
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.run import agreement_plots, batteries, choice_plots, docks, orders, plots
from swarm_consensus.run.panels import connectivity, links, order
from swarm_consensus.run.series import load_series
from swarm_consensus.run.verdict import Verdict, from_json
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.scenario import Scenario

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; } .scroll { overflow-x: auto; }
td, th { text-align: left; padding: .3rem .9rem .3rem 0; vertical-align: top; }
tr { border-bottom: 1px solid #eee; } svg, img { max-width: 100%; height: auto; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { font-weight: 600; } .wide { grid-column: 1 / -1; } .wide > * { width: 100%; }
.held { color: #00664b; font-weight: 600; } .failed { color: #b03a00; font-weight: 600; }
.note { background: #fff4e0; padding: .5rem .8rem; border-left: 4px solid #E69F00; } small { color: #555; }
"""
_MOST_EVENTS = 40  # shown; verdict.json has them all
_MOST_FAULTS = 3  # named in the summary


def write_report(folder: str | Path) -> Path:
    """Write ``report.html`` into a run folder.

    Parameters
    ----------
    folder
        With ``verdict.json``, ``world.yaml`` and ``series.npz``; ``world.png`` is shown if it is there.

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    InputError
        If the folder is no run folder.
    """
    folder = Path(folder)
    for name in ("verdict.json", "world.yaml", "series.npz"):
        if not (folder / name).is_file():
            raise InputError([f"{folder}: no run folder, {name} is missing"])
    verdict = from_json((folder / "verdict.json").read_bytes())
    page = _page(folder, verdict, load(folder / "world.yaml"))
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _page(folder: Path, verdict: Verdict, scenario: Scenario) -> str:
    title = html.escape(f"{scenario.name}, seed {verdict.seed}")
    parts = [
        f"<h1>{title}</h1><p>{html.escape(scenario.description)}</p><p><small>{html.escape(summary(scenario))}</small>",
        *(f'<p class="note">{html.escape(note)}</p>' for note in verdict.notes),
        "<h2>Verdict</h2>" + _verdict_table(verdict) + _dismissals(verdict),
        "<h2>Pictures</h2>" + _pictures(folder, verdict, scenario),
        "<h2>Events</h2>" + _events(verdict),
        "<h2>Numbers</h2>" + _numbers(verdict),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def summary(scenario: Scenario) -> str:
    """Say in one line what was run: who, with which radio, to do what, for how long, with which faults."""
    kinds = Counter(robot.vehicle for robot in scenario.robots)
    radio = scenario.radio
    parts = [
        ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items())),
        f"radio range {radio.range_m:g} m, {radio.loss:.0%} loss, {1000 * radio.delay_s:g} ms delay",
        *(["walls block the radio"] if radio.walls == "block" else []),
        f"mission {scenario.mission.behaviour}",
        *(f"agrees on {quantity.name} ({quantity.law})" for quantity in scenario.quantities),
        *(f"chooses {choice.name} ({choice.kind})" for choice in scenario.choices),
        *(f"{lie.robot} lies about {lie.quantity} ({lie.kind})" for lie in scenario.lies[:_MOST_FAULTS]),
        f"{scenario.duration_s:g} s",
        *(f"{fault.robot} crashes at {fault.crash_s:g} s" for fault in scenario.faults[:_MOST_FAULTS]),
    ]
    more = len(scenario.faults) - _MOST_FAULTS
    if more > 0:
        parts.append(f"{more} more crash{'es' if more > 1 else ''}")
    return "; ".join(parts) + "."


def _verdict_table(verdict: Verdict) -> str:
    rows = [
        f"<tr><td>{html.escape(e.name)}<td>{html.escape(e.bound)}<td>{html.escape(e.value)}"
        f'<td class="{"held" if e.held else "failed"}">{"held" if e.held else "FAILED"}'
        f"<td><small>{html.escape(e.detail)}</small>"
        for e in verdict.expectations
    ]
    whole = "held" if verdict.held else "failed"
    words = "Every expectation held." if verdict.held else "Not every expectation held."
    if not verdict.complete:
        words = "The run did not come to its end."
    head = "<tr><th>expectation<th>bound<th>measured<th><th>where"
    return f'<p class="{whole}">{words}</p><div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _dismissals(verdict: Verdict) -> str:
    """Show when each dismissal was settled, and the last order of the dismissed that each robot obeyed."""
    rows = verdict.metrics.get("dismissals", [])
    if not rows:
        return ""
    head = "<tr>" + "".join(f"<th>{name}" for name in orders.COLUMNS)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(each)}" for each in orders.told(row)) for row in rows)
    return f'<h3>Dismissals</h3><div class="scroll"><table>{head}{body}</table></div>'


def _pictures(folder: Path, verdict: Verdict, scenario: Scenario) -> str:
    series = load_series(folder)
    if not len(series["time"]):
        return "<p>No tick was recorded.</p>"
    reach = [(scenario.radio.range_m, "radio range")]
    safety = [
        ("Smallest separation of two living robots", plots.separation(series, _touching(scenario))),
        ("Longest held link", plots.over_time(series, "link", "m", reach)),
    ]
    network = [
        ("Links held, formed and let go", links(series)),
        ("Frames", plots.frames(verdict.metrics.get("frames", {}))),
    ]
    motion = [
        ("Distance to the goal", plots.goal_distance(series)),
        ("What holds robots back", plots.held_back(series)),
        ("Order and polarisation", order(series)),
        ("Cohesion radius", plots.over_time(series, "cohesion", "m")),
        ("Velocity mismatch", plots.over_time(series, "mismatch", "m²/s²")),
    ]
    if len(series["energy"]):
        motion.append(("Deviation energy from the lattice", plots.over_time(series, "energy", "energy / d²")))
    paths = _figure("Paths", plots.svg(plots.ground_plan(scenario, series), 8.0, 5.2), wide=True)
    lambda2 = _figure(
        "Algebraic connectivity, true and estimated", plots.svg(connectivity(series), 10.4, 2.7), wide=True
    )
    return (
        f'<div class="grid">{paths}{_still(folder)}</div>'
        f'<h3>Safety</h3><div class="grid">{_panels(safety)}</div>'
        f'<h3>Network</h3><div class="grid">{lambda2}{_panels(network)}</div>'
        f"{_quantities(scenario, series)}{_choices(scenario, series)}{_energy(scenario, series)}"
        f'<h3>Motion</h3><div class="grid">{_panels(motion)}</div>'
    )


def _quantities(scenario: Scenario, series: plots.Series) -> str:
    drawn = [*agreement_plots.pictures(scenario, series)]
    return f'<h3>Quantities</h3><div class="grid">{_panels(drawn)}</div>' if drawn else ""


def _energy(scenario: Scenario, series: plots.Series) -> str:
    drawn = [*batteries.pictures(series), *docks.pictures(scenario, series)]
    return f'<h3>Energy</h3><div class="grid">{_panels(drawn)}</div>' if drawn else ""


def _choices(scenario: Scenario, series: plots.Series) -> str:
    drawn = [*choice_plots.pictures(scenario, series)]
    return f'<h3>Choices</h3><div class="grid">{_panels(drawn)}</div>' if drawn else ""


def _panels(drawn: Sequence[tuple[str, Callable[[Axes], None]]]) -> str:
    return "".join(_figure(name, plots.svg(draw)) for name, draw in drawn)


def _touching(scenario: Scenario) -> list[tuple[float, str]]:
    """Distances between centres at which two robots of one kind touch: each kind's own, in m."""
    kinds = Counter(robot.vehicle for robot in scenario.robots)
    return [(2 * VEHICLES[kind].radius, f"two {kind}s touch") for kind, count in sorted(kinds.items()) if count > 1]


def _figure(name: str, picture: str, *, wide: bool = False) -> str:
    """Return a captioned picture that screen readers name."""
    named = picture.replace("<svg ", f'<svg role="img" aria-label="{html.escape(name)}" ', 1)
    return f"<figure{' class=wide' if wide else ''}><figcaption>{html.escape(name)}</figcaption>{named}</figure>"


def _still(folder: Path) -> str:
    path = folder / "world.png"
    if not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    image = f'<img alt="The world at the end" src="data:image/png;base64,{data}">'
    return _figure("The world at the end", image, wide=True)


def _events(verdict: Verdict) -> str:
    if not verdict.events:
        return "<p>None: nobody died, nothing touched, no promise was broken."
    rows = "".join(
        f"<tr><td>{event.time:.2f} s<td>{html.escape(event.what)}" for event in verdict.events[:_MOST_EVENTS]
    )
    more = len(verdict.events) - _MOST_EVENTS
    rest = f"<p><small>and {more} more, in verdict.json</small>" if more > 0 else ""
    return f'<div class="scroll"><table>{rows}</table></div>{rest}'


def _numbers(verdict: Verdict) -> str:
    rows = []
    for name, value in verdict.metrics.items():
        if isinstance(value, list):
            continue  # has a table of its own
        if isinstance(value, dict):
            text = ", ".join(
                f"{key} {'none' if number is None else format(number, 'g')}" for key, number in value.items()
            )
        else:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
        rows.append(f"<tr><td>{html.escape(name)}<td>{html.escape(text)}")
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'
