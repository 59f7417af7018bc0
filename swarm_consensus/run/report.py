"""The report: one HTML file with everything in it, made from a run folder alone."""

from __future__ import annotations

import base64
import html
from pathlib import Path

from swarm_consensus.errors import InputError
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.run import plots
from swarm_consensus.run.series import load_series
from swarm_consensus.run.verdict import Verdict, from_json
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.scenario import Scenario

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem; vertical-align: top; }
tr { border-bottom: 1px solid #eee; } svg, img { max-width: 100%; height: auto; }
.held { color: #00664b; font-weight: 600; } .failed { color: #b03a00; font-weight: 600; }
.note { background: #fff4e0; padding: .5rem .8rem; border-left: 4px solid #E69F00; } small { color: #555; }
.scroll { overflow-x: auto; }
"""


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
        f"<h1>{title}</h1><p>{html.escape(scenario.description)}</p>",
        *(f'<p class="note">{html.escape(note)}</p>' for note in verdict.notes),
        "<h2>Verdict</h2>" + _verdict_table(verdict),
        *_pictures(folder, verdict, scenario),
        "<h2>Numbers</h2>" + _numbers(verdict),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


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


def _pictures(folder: Path, verdict: Verdict, scenario: Scenario) -> list[str]:
    series = load_series(folder)
    if not len(series["time"]):
        return ["<p>No tick was recorded.</p>"]
    touching = 2 * max(VEHICLES[robot.vehicle].radius for robot in scenario.robots)
    reach = scenario.radio.range_m
    drawn = [
        ("Paths", plots.svg(plots.ground_plan(scenario, series), height=5.0)),
        ("Distance to the goal", plots.svg(plots.goal_distance(series))),
        (
            "Smallest separation of two living robots, at physics rate",
            plots.svg(
                plots.over_time(series, "separation", "m, centre to centre", touching, "two of the largest touch")
            ),
        ),
        ("Longest held link", plots.svg(plots.over_time(series, "link", "m", reach, "radio range"))),
        ("Algebraic connectivity of the living", plots.svg(plots.over_time(series, "lambda2", "lambda2"))),
        ("What holds robots back", plots.svg(plots.held_back(series))),
        ("Frames", plots.svg(plots.frames(verdict.metrics.get("frames", {})), height=2.4)),
    ]
    pictures = [f"<h2>{name}</h2>{picture}" for name, picture in drawn]
    return [*_still(folder), *pictures]


def _still(folder: Path) -> list[str]:
    path = folder / "world.png"
    if not path.is_file():
        return []
    data = base64.b64encode(path.read_bytes()).decode()
    return [f'<h2>The world at the end</h2><img alt="the world at the end" src="data:image/png;base64,{data}">']


def _numbers(verdict: Verdict) -> str:
    rows = []
    for name, value in verdict.metrics.items():
        if isinstance(value, dict):
            text = ", ".join(
                f"{key} {'none' if number is None else format(number, 'g')}" for key, number in value.items()
            )
        else:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
        rows.append(f"<tr><td>{html.escape(name)}<td>{html.escape(text)}")
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'
