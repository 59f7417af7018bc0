"""Runs that end before their first tick: refused without a trace, or left as a whole run folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from swarm_consensus.errors import SwarmError
from swarm_consensus.run.options import Options
from swarm_consensus.run.report import write_report
from swarm_consensus.run.run import run
from swarm_consensus.run.verdict import from_json

SWAP = Path(__file__).parents[2] / "worlds" / "swap.yaml"


def test_without_ros_dds_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rclpy" else found(name))
    with pytest.raises(SwarmError, match=r"rclpy not found.*swarm_consensus\[ros\].*--transport memory"):
        run(Options(world=SWAP, transport="dds", out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SwarmError("no robot answered")], ids=["Ctrl-C", "given up"])
def test_a_run_that_ends_before_its_first_tick_leaves_a_whole_folder(tmp_path: Path, end: BaseException) -> None:
    def drive(*_: object) -> tuple[str, ...]:
        raise end

    with pytest.raises(type(end)):
        run(Options(world=SWAP, out=tmp_path), drive=drive)
    verdict = from_json((tmp_path / "verdict.json").read_bytes())
    assert not verdict.held
    assert "at 0.00 s of" in verdict.notes[0]
    assert (tmp_path / "recording.mcap").stat().st_size > 0
    assert "No tick was recorded" in write_report(tmp_path).read_text()
