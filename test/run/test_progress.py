"""The progress line: told rarely, to a terminal and to a file alike."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from swarm_consensus.run import progress
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.progress import ProgressLine
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Mission, Radio, Robot, Scenario
from swarm_consensus.simulation.world import Truth

RATE = 20  # Hz
PAIR = Scenario(
    file_version=1,
    name="pair",
    bounds_m=[[-6.0, -6.0], [6.0, 6.0]],
    radio=Radio(range_m=3.0),
    robots=[Robot(vehicle="rover", name=name, position_m=[x, 0.0]) for name, x in (("a", 0.0), ("b", 2.0))],
    mission=Mission(goal_m=[1.0, 0.0]),
    duration_s=30.0,
)


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, pace: float) -> tuple[str, int]:
    """Run 30 s at so many s of wall time a tick; return what was written, and how often the bar was drawn."""
    wall, drawn = [100.0], []
    monkeypatch.setattr(progress.time, "monotonic", lambda: wall[0])
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120)
    robots = place(PAIR, np.random.default_rng(0))
    position = np.array([robot.position for robot in robots])
    truth = Truth(position, np.tile([0.0, 0.0, 0.0, 1.0], (2, 1)), np.zeros((2, 3)), np.zeros((2, 3)))
    monitor = Monitor(PAIR, robots, substeps=12)
    line = ProgressLine(monitor, console)
    monkeypatch.setattr(line._bar, "refresh", lambda: drawn.append(wall[0]))
    with line:
        drawn.clear()  # the bar shows itself once before the first tick
        for tick in range(round(PAIR.duration_s * RATE)):
            alive = np.array([True, tick < 300])  # b dies at 15 s
            held = (frozenset({1}), frozenset({0}))
            taken = TickRecord(tick, tick / RATE, truth, (), np.zeros((2, 4)), alive, held, (None, None), {})
            monitor.record(taken)
            line.record(taken)
            monitor.observe(position)
            wall[0] += pace
        ticking = len(drawn)
    return out.getvalue(), ticking


def test_without_a_terminal_a_line_comes_each_ten_simulated_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = shown(monkeypatch, terminal=False, pace=0.01)
    lines = text.splitlines()
    assert [line.split(" of ")[0].strip() for line in lines] == ["10.0", "20.0"]
    # a tick of 0.05 s in 0.01 s: five times real time; two robots with one link: lambda2 = 2, then one lives alone
    assert "5.0 x real time" in lines[0]
    assert "lambda2  2.00" in lines[0]
    assert "smallest separation  2.00 m" in lines[0]
    assert [line[-1] for line in lines] == ["2", "1"]
    assert "\x1b" not in text


@pytest.mark.parametrize("pace", [0.0001, 0.01, 1.0])
def test_on_a_terminal_it_is_drawn_at_most_ten_times_a_second(monkeypatch: pytest.MonkeyPatch, pace: float) -> None:
    _, drawn = shown(monkeypatch, terminal=True, pace=pace)
    ticks = round(PAIR.duration_s * RATE)
    assert 1 <= drawn <= min(ticks, 10 * ticks * pace + 1)
