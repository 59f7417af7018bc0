"""The run folder: never one that holds something, never one that another run got, and a sentence where none can be."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from swarm_consensus.cli import main
from swarm_consensus.errors import InputError, SwarmError
from swarm_consensus.run.folder import create_folder, logger, logging_to, while_there_is_room
from swarm_consensus.run.recorder import Recorder


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"
    assert create_folder(wanted, "w", 0) == wanted
    assert wanted.is_dir()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert create_folder(str(tmp_path), "w", 0) == tmp_path


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="not empty; name another one"):
        create_folder(tmp_path, "w", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(("below", "reason"), [("", "file exists"), ("below", "not a directory")])
def test_a_file_is_no_place(tmp_path: Path, below: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=f"^--out .*: {reason}$"):
        create_folder(tmp_path / "file" / below, "w", 0)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root, as whom tests may run, may write anywhere
    with pytest.raises(InputError, match="no permission to write"):
        create_folder(tmp_path, "w", 0)


def test_unnamed_folders_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = [create_folder(None, "swap", 7) for _ in range(3)]
    assert [str(path) for path in made] == ["runs/swap-seed7", "runs/swap-seed7-2", "runs/swap-seed7-3"]


def test_a_folder_that_another_run_makes_at_the_same_moment_is_not_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    create_folder(None, "swap", 0)
    monkeypatch.setattr(Path, "exists", lambda *_: False)  # what the other run saw a moment before
    assert create_folder(None, "swap", 0) == Path("runs/swap-seed0-2")


def test_where_runs_is_a_file_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("")
    with pytest.raises(InputError, match=r"^runs: file exists$"):
        create_folder(None, "swap", 0)


def test_the_log_holds_what_is_said_during_the_run_only(tmp_path: Path) -> None:
    level, handlers = logger.level, list(logger.handlers)
    with logging_to(tmp_path / "log.txt"):
        logging.getLogger("swarm_consensus.run").warning("rover_2 died at 12.3 s")
    with pytest.raises(KeyboardInterrupt), logging_to(tmp_path / "other.txt"):
        raise KeyboardInterrupt
    logger.warning("afterwards")
    assert (tmp_path / "log.txt").read_text().endswith("WARNING rover_2 died at 12.3 s\n")
    assert (logger.level, logger.handlers) == (level, handlers)


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_sentence(tmp_path: Path, reason: int) -> None:
    with pytest.raises(SwarmError, match=r"the disk of .* is full"), while_there_is_room(tmp_path):
        raise OSError(reason, os.strerror(reason))
    with pytest.raises(PermissionError), while_there_is_room(tmp_path):
        raise OSError(errno.EACCES, "what nobody foresaw keeps its traceback")


def test_a_run_whose_recording_does_not_fit_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Recorder, "write", write)
    run = ["run", "jobs", "--transport", "memory", "--physics", "kinematic", "--duration", "1"]
    assert main([*run, "--out", str(tmp_path / "run")]) == 2
    assert f"swarm: the disk of {tmp_path / 'run'} is full" in capsys.readouterr().err
    assert main(["log", str(tmp_path / "run")]) == 0  # what was stored before is whole
