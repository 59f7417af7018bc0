"""The command line: help for every verb, one sentence and exit 2 for bad input, 0 and 1 for verdicts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from swarm_consensus.cli import main

VERBS = ("run", "worlds", "check", "report", "sweep", "graph", "keys", "bench")
WORLD = """
file_version: 1
name: pair
bounds_m: [[-4, -4], [4, 4]]
radio: {range_m: 5}
robots:
  - {name: a, vehicle: rover, position_m: [-1, 0]}
  - {name: b, vehicle: rover, position_m: [1, 0]}
mission: {behaviour: rendezvous}
expect: {connected: true, contacts: 0, arrived_within_m: 1.0}
duration_s: 3
"""
MEMORY = ("--transport", "memory", "--physics", "kinematic")


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(WORLD)
    return path


def status(*arguments: str) -> int:
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(verb, "--help") == 0
    assert f"swarm {verb}" in capsys.readouterr().out


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--help") == 0
    out = capsys.readouterr().out
    assert all(verb in out for verb in VERBS)


def test_help_loads_nothing_heavy() -> None:
    heavy = {"numpy", "rclpy", "pybullet", "matplotlib", "rosbags", "shapely"}
    program = (
        f"import sys; from swarm_consensus.cli import build_parser; build_parser(); print({heavy!r} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "VERB"),
        (("rnu",), "did you mean 'run'?"),
        (("run",), "WORLD"),
        (("run", "rendevous"), "did you mean 'rendezvous'?"),
        (("run", "no/such/file.yaml"), "no/such"),
        (("run", "swap", "--robots", "0"), "at least 1"),
        (("run", "swap", "--robots", "many"), "whole number"),
        (("run", "swap", "--seed", "-1"), "at least 0"),
        (("run", "swap", "--duration", "nan"), "positive number"),
        (("run", "swap", "--duration", "-3"), "positive number"),
        (("run", "swap", "--transport", "memroy"), "did you mean 'memory'?"),
        (("run", "swap", "--fast"), "--fast"),
        (("run", "swap", "--robots", "3", *MEMORY), "one by one"),
        (("run", "swap", "--video", *MEMORY), "PyBullet"),
        (("run", "swap", "--gui", "--transport", "memory", "--physics", "pybullet"), "DISPLAY"),
        (("run", "swap", "--sed", "3"), "did you mean '--seed'?"),
        (("run", "swap", "--dur", "3"), "did you mean '--duration'?"),
        (("check", "rendevous"), "did you mean 'rendezvous'?"),
        (("report", "no/such/run"), "no run folder"),
        (("sweep", "swap", "--seeds", "5..1"), "upwards"),
        (("sweep", "swap", "--seeds", "x"), "0..19"),
        (("graph", "rendevous"), "did you mean 'rendezvous'?"),
        (("graph", "swap", "--tolerance", "1"), "between 0 and 1"),
        (("graph", "swap", "--tolerance", "x"), "not a number"),
        (("graph", "swap", "--draw", "picture.gif"), ".svg"),
        (("bench", "tikc"), "did you mean 'tick'?"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_2(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert status(*arguments) == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert "Traceback" not in shown


def test_an_interrupted_command_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("swarm_consensus.run.worlds.worlds", interrupt)
    assert status("worlds") == 130


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "swarm_consensus.cli", "worlds"]
    result = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (result.returncode, result.stderr) == (141, "")  # 128 + SIGPIPE, as of any other command


def test_a_run_that_holds_ends_with_0_and_a_run_folder(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert status("run", str(world), *MEMORY, "--out", str(out)) == 0
    shown = capsys.readouterr().out
    assert "held" in shown
    assert str(out) in shown.replace("\n", "")
    names = {path.name for path in out.iterdir()}
    assert names >= {"verdict.json", "recording.mcap", "metadata.yaml", "report.html", "world.yaml", "log.txt"}


def test_a_run_that_does_not_hold_ends_with_1(world: Path, tmp_path: Path) -> None:
    world.write_text(WORLD.replace("arrived_within_m: 1.0", "arrived_within_m: 0.1"))
    assert status("run", str(world), *MEMORY, "--out", str(tmp_path / "out")) == 1


def test_an_occupied_run_folder_is_refused(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    assert status("run", str(world), *MEMORY, "--out", str(tmp_path / "out")) == 2
    assert "not empty" in capsys.readouterr().err
    assert status("run", str(world), *MEMORY, "--out", str(world)) == 2


def test_without_a_folder_named_each_run_gets_its_own(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(3):
        assert status("run", str(world), *MEMORY, "--duration", "1") == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["pair-seed0", "pair-seed0-2", "pair-seed0-3"]


def test_check_tells_what_a_world_does_without(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(world)]) == 0
    assert "note" not in capsys.readouterr().out
    world.write_text(world.read_text() + "control: {redundancy: 0}\n")
    assert main(["check", str(world)]) == 0
    assert "note: control.redundancy is 0" in capsys.readouterr().out


def test_check_lists_all_problems_of_all_files(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(WORLD.replace("range_m: 5", "range_m: -5, los: 1").replace("name: b", "name: 7"))
    assert status("check", str(world), str(bad)) == 2
    shown = capsys.readouterr()
    assert f"{world}: ok" in shown.out
    assert len(shown.err.strip().splitlines()) == 3
    assert "did you mean 'loss'?" in shown.err


def test_worlds_lists_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("worlds") == 0
    assert "rendezvous" in capsys.readouterr().out


def test_a_report_is_made_from_the_run_folder_alone(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    status("run", str(world), *MEMORY, "--out", str(out))
    first = (out / "report.html").read_text()
    (out / "report.html").unlink()
    assert status("report", str(out)) == 0
    again = (out / "report.html").read_text()
    assert len(again) == len(first)
    assert not re.search(r"(src|href)=.https?:|@import|url\(.?https?:", again)  # nothing is fetched


def test_sweep_names_the_failed_seeds(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("sweep", str(world), "--seeds", "0..2", "--jobs", "1") == 0
    shown = capsys.readouterr().out
    assert "3 of 3" in shown
    assert re.search(r"worst seed\s*│ nothing failed │ seed \d", shown)


def test_keys_are_made_shown_and_listed_and_never_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--dir", str(tmp_path / "keys"))
    assert status("keys", "list", *where) == 0
    assert "no keys in" in capsys.readouterr().out
    assert status("keys", "new", "scout", "alice", "--expires", "2999-01-31", *where) == 0
    assert status("keys", "new", "all", "--group", *where) == 0
    assert status("keys", "show", "scout", *where) == 0
    assert status("keys", "list", *where) == 0
    out = capsys.readouterr().out
    assert "until 2999-01-31" in out
    assert "private half here" in out
    lines = [line for path in (tmp_path / "keys").iterdir() for line in path.read_text().splitlines()]
    secrets = [line.partition(": ")[2] for line in lines if line.startswith(("seed", "secret"))]
    assert len(secrets) == 3
    assert not any(secret in out for secret in secrets)


def test_keys_are_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWARM_KEYS", str(tmp_path / "elsewhere"))
    assert status("keys", "new", "scout") == 0
    assert (tmp_path / "elsewhere" / "scout.key").exists()
    monkeypatch.delenv("SWARM_KEYS")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert status("keys", "list") == 0
    assert f"no keys in {tmp_path / '.swarm' / 'keys'}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("new", "scout"), "exists; a key is never written over"),
        (("new", "a", "a"), "'a' is given twice"),
        (("new", "../a"), "letters, digits"),
        (("new", "a", "--expires", "31.1.2999"), "not a day such as"),
        (("new", "a", "--expires", "2001-01-31"), "must be a day to come"),
        (("new", "a", "--group", "--expires", "2999-01-31"), "does not go with --group"),
        (("show", "scuot"), "did you mean 'scout'?"),
        (("lst",), "did you mean 'list'?"),
    ],
)
def test_bad_input_about_keys_is_one_sentence(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("keys", "new", "scout", "--dir", str(tmp_path)) == 0
    before = sorted(path.name for path in tmp_path.iterdir())
    place = () if arguments == ("lst",) else ("--dir", str(tmp_path))
    assert status("keys", *arguments, *place) == 2
    assert words in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == before
