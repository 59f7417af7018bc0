"""A robot's file is read while the robot writes it: whole, never in its way, and without a trace in the folder."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Entry, Ready, Snapshot, Vote
from swarm_consensus.agreement.storage import Storage
from swarm_consensus.run.disk_copy import ATTEMPTS, read_disk

CONFIG = members([0, 1, 2])
LINE = b"x" * 300


def entries(first: int, count: int = 1) -> Ready:
    made = tuple(Entry(1, COMMAND, index.to_bytes(4, "big") + LINE) for index in range(first, first + count))
    return Ready(Vote(1), None, False, first, made, [], [], [])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sqlite"


def test_no_file_and_one_that_is_only_just_being_made_are_nothing_yet(path: Path) -> None:
    assert read_disk(path, "a") is None
    path.touch()
    assert read_disk(path, "a") is None
    assert path.stat().st_size == 0


def test_what_the_writer_has_stored_is_there_and_the_folder_stays_as_it_is(path: Path) -> None:
    disk = Storage(path, "a", CONFIG)
    for index in range(1, 6):
        disk.save(entries(index))
        before = {each.name: (each.stat().st_size, each.stat().st_mtime_ns) for each in path.parent.iterdir()}
        saved = read_disk(path, "a")
        assert saved is not None
        assert [entry.data[:4] for entry in saved.entries] == [k.to_bytes(4, "big") for k in range(1, index + 1)]
        after = {each.name: (each.stat().st_size, each.stat().st_mtime_ns) for each in path.parent.iterdir()}
        assert after == before
    disk.close()
    saved = read_disk(path, "a")
    assert saved is not None
    assert len(saved.entries) == 5


def test_opening_the_file_itself_is_refused_and_the_file_alone_is_older(path: Path) -> None:
    """Why it is copied, and the write-ahead log with it."""
    disk = Storage(path, "a", CONFIG)
    disk.save(entries(1, 5))
    with pytest.raises(StorageError, match="in use by another process"):
        Storage(path, "a", CONFIG)
    alone = path.with_name("alone.sqlite")
    shutil.copyfile(path, alone)
    assert read_disk(alone, "a") is None
    disk.close()


def test_a_reader_beside_a_busy_writer_sees_whole_states_that_only_grow(path: Path) -> None:
    """Some 2,000 pages: the write-ahead log goes into the file and starts anew meanwhile."""
    failed: list[Exception] = []
    ended = threading.Event()

    def write() -> None:
        try:
            disk = Storage(path, "a", CONFIG)
            for first in range(1, 401):
                disk.save(entries(first))
                if first % 100 == 0:
                    disk.save(Ready(None, Snapshot(first - 20, 1, CONFIG, LINE), False, first + 1, (), [], [], []))
            disk.close()
        except Exception as error:  # it belongs to the test, not to the thread
            failed.append(error)
        finally:
            ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    ends = [0]
    while True:
        last_look = ended.is_set()
        try:
            saved = read_disk(path, "a")
        except StorageError as error:  # where the disk is faster than the reader all copies may be of two moments
            if last_look or "written to all the time; try again" not in str(error):
                raise
            continue
        if saved is not None:
            numbers = [int.from_bytes(entry.data[:4], "big") for entry in saved.entries]
            end = saved.snapshot.index + len(numbers)
            assert numbers == list(range(saved.snapshot.index + 1, end + 1))
            assert end >= ends[-1]
            ends.append(end)
        if last_look:
            break
    writer.join()
    assert failed == []
    assert ends[-1] == 400


def test_a_copy_of_two_moments_is_taken_again(path: Path) -> None:
    disk = Storage(path, "a", CONFIG)
    disk.save(entries(1))
    copied: list[str] = []

    def copy(source: Path, target: Path) -> None:
        if len(copied) < 4:  # the writer gets in between file and write-ahead log, twice
            disk.save(entries(2 + len(copied)))
        copied.append(source.name)
        shutil.copyfile(source, target)

    saved = read_disk(path, "a", copy)
    assert saved is not None
    assert len(saved.entries) == 5
    assert len(copied) == 6
    disk.close()


def test_what_is_never_at_rest_and_what_is_damaged_is_a_sentence(path: Path) -> None:
    disk = Storage(path, "a", CONFIG)
    count = 0

    def copy(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        disk.save(entries(count))
        shutil.copyfile(source, target)

    with pytest.raises(StorageError, match="written to all the time; try again"):
        read_disk(path, "a", copy)
    assert count == 2 * ATTEMPTS
    disk.close()
    data = bytearray(path.read_bytes())
    at = data.rindex(LINE[:100])
    data[at : at + 5] = b"other"
    path.write_bytes(data)
    with pytest.raises(StorageError, match="is not what was written"):
        read_disk(path, "a")
    with pytest.raises(StorageError, match="belongs to robot 'a', not to 'b'"):
        read_disk(path, "b")
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="no storage of ours"):
        read_disk(path, "a")


def test_a_sentence_names_the_file_that_was_asked_for_and_no_copy(path: Path) -> None:
    Storage(path, "a", CONFIG).close()
    for owner, spoil in (("b", lambda: None), ("a", lambda: path.write_bytes(b"no database at all" * 100))):
        spoil()
        with pytest.raises(StorageError) as error:
            read_disk(path, owner)
        assert str(error.value).startswith(f"{path} ")


def test_what_can_not_be_read_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "a.sqlite"
    folder.mkdir()
    with pytest.raises(StorageError, match=r"a\.sqlite can't be read: is a directory"):
        read_disk(folder, "a")
    file = tmp_path / "facts"
    file.touch()
    assert read_disk(file / "a.sqlite", "a") is None
