"""Every file of bench/ is a benchmark that `swarm bench` runs, or a part that one of them uses; the docs name each."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from swarm_consensus.run import benchmarks

ROOT = Path(__file__).parents[1]
SHARED = {"arguments", "baselines", "drawing", "fuzz_targets", "moves", "records", "timing"}  # print nothing themselves
FAILS: dict[str, int] = {}  # exit statuses other than 0, by name
FILES = sorted((ROOT / "bench").glob("*.py"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the benchmarks that would have been run: no process is started."""
    names: list[str] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[bytes]:
        names.append(Path(command[1]).stem)
        return subprocess.CompletedProcess(command, FAILS.get(names[-1], 0))

    monkeypatch.setattr(benchmarks.subprocess, "run", run)
    return names


def test_swarm_bench_runs_all_that_measure_and_nothing_else(
    started: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmarks.run_benchmarks([]) == 0
    assert started == [path.stem for path in FILES if path.stem not in SHARED | {"picture"}]
    assert "== tick: One robot's tick and the filter alone" in capsys.readouterr().out


def test_one_that_fails_does_not_keep_the_others_from_running(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAILS, "batch", 3)
    assert benchmarks.run_benchmarks(["asked", "batch", "tick"]) == 3
    assert started == ["asked", "batch", "tick"]


def test_what_draws_a_committed_file_is_run_by_name(started: list[str]) -> None:
    assert benchmarks.run_benchmarks(["picture"]) == 0
    assert started == ["picture"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_what_it_measures_and_has_a_main(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    assert len(mains) == (path.stem not in SHARED)
    assert all(ast.get_docstring(main) for main in mains)


@pytest.mark.parametrize("name", ["bundles", "claims", "fuzz", "liars", "safety", "worlds"])
def test_wrong_words_are_answered_with_a_sentence(name: str) -> None:
    command = [sys.executable, str(ROOT / "bench" / f"{name}.py"), "many"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "many" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", [path.stem for path in FILES if path.stem not in SHARED])
def test_the_page_of_benchmarks_says_how_to_run_it(name: str) -> None:
    assert f"`swarm bench {name}`" in (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "counts"), [("clusters.py", (50, 52)), ("worlds.py --world swap --physics kinematic", (1, 2))]
)
def test_a_campaign_in_two_processes_goes_on_where_it_ended(name: str, counts: tuple[int, int], tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    script, *options = name.split()
    for lines, count in enumerate(counts, start=1):
        given = [str(count), *options, "--jobs", "2", "--record", str(record)]
        done = subprocess.run(
            [sys.executable, str(ROOT / "bench" / script), *given], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert len(record.read_text().splitlines()) >= lines
