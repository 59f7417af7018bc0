"""The record of a campaign: what is in it is not run again, and what is not whole or of other code does not count."""

from __future__ import annotations

import math
from pathlib import Path

import clusters
import msgspec
import pytest

from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.cluster import Cluster


def write(path: Path, *tallies: clusters.Tally, torn: bytes = b"") -> None:
    path.write_bytes(b"".join(msgspec.json.encode(tally) + b"\n" for tally in tallies) + torn)


def tally(first: int, code: str = "now") -> clusters.Tally:
    return clusters.Tally(code, first, first + clusters.BATCH, 1.0, {}, [])


def test_no_record_is_an_empty_one(tmp_path: Path) -> None:
    assert clusters.recorded(None, "now") == clusters.recorded(tmp_path / "none", "now") == {}


def test_only_whole_batches_of_this_code_count(tmp_path: Path) -> None:
    path = tmp_path / "record"
    short = clusters.Tally("now", 150, 160, 1.0, {}, [])
    write(path, tally(0), tally(50, "before"), tally(100), short, torn=msgspec.json.encode(tally(200))[:-9])
    assert sorted(clusters.recorded(path, "now")) == [0, 100]


def test_it_goes_on_where_it_ended_and_ends_in_time() -> None:
    done = {0: tally(0), 100: tally(100)}
    assert list(clusters.due(220, done, math.inf)) == [(50, 100), (150, 200), (200, 220)]
    assert list(clusters.due(220, done, 0.0)) == []


def test_a_violation_is_kept_and_the_batch_goes_on() -> None:
    def broken(seed: int) -> Cluster:
        raise Violation(f"seed {seed}")

    assert clusters.batch("now", 3, 5, broken).violations == ["seed 3", "seed 4"]


def test_a_change_of_the_log_is_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raft").mkdir()
    (tmp_path / "raft" / "node.py").write_text("one")
    monkeypatch.setattr(clusters.agreement, "__file__", str(tmp_path / "__init__.py"))
    before = clusters.code()
    (tmp_path / "raft" / "node.py").write_text("two")
    assert clusters.code() != before
