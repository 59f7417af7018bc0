"""The disk: what was stored comes back, and whatever is not what was stored is refused in a sentence."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Entry, Ready, Snapshot, Vote
from swarm_consensus.agreement.storage import Storage

CONFIG = members([0, 1, 2])


def ready(
    vote: Vote | None = None,
    first: int = 1,
    entries: tuple[Entry, ...] = (),
    snapshot: Snapshot | None = None,
    restore: bool = False,
) -> Ready:
    return Ready(vote, snapshot, restore, first, entries, [], [], [])


def entries(*terms: int) -> tuple[Entry, ...]:
    return tuple(Entry(term, COMMAND, b"data of term %d" % term) for term in terms)


def opened(path: Path) -> Storage:
    return Storage(path, "rover_1", CONFIG)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


def filled(path: Path) -> None:
    storage = opened(path)
    storage.save(ready(Vote(1, 2), 1, entries(1, 1, 1)))
    storage.save(ready(Vote(2), 3, entries(2, 2)))
    storage.append_journal([b"take-off", b"landed"])
    storage.close()


def altered(path: Path, statement: str) -> None:
    base = sqlite3.connect(path)
    base.execute(statement)
    base.commit()
    base.close()


def test_a_new_file_holds_the_beginning(path: Path) -> None:
    saved = opened(path).load()
    assert (saved.vote, saved.snapshot, saved.entries) == (Vote(0), Snapshot(0, 0, CONFIG), ())


def test_what_was_stored_is_there_after_opening_again(path: Path) -> None:
    filled(path)
    storage = opened(path)
    assert storage.load().vote == Vote(2)
    assert storage.load().entries == entries(1, 1, 2, 2)
    assert list(storage.journal()) == [b"take-off", b"landed"]


def test_a_snapshot_swallows_what_it_covers_and_the_chain_goes_on(path: Path) -> None:
    filled(path)
    storage = opened(path)
    storage.save(ready(snapshot=Snapshot(3, 2, CONFIG, b"state")))
    storage.save(ready(first=5, entries=entries(3)))
    storage.close()
    saved = opened(path).load()
    assert saved.snapshot == Snapshot(3, 2, CONFIG, b"state")
    assert saved.entries == entries(2, 3)


def test_a_snapshot_of_the_leader_replaces_the_log(path: Path) -> None:
    filled(path)
    storage = opened(path)
    storage.save(ready(Vote(5), 10, entries(5), Snapshot(9, 4, CONFIG, b"state"), restore=True))
    storage.close()
    assert opened(path).load().entries == entries(5)


def test_two_processes_do_not_share_a_file(path: Path) -> None:
    first = opened(path)
    with pytest.raises(StorageError, match="in use by another process"):
        opened(path)
    first.close()


def test_a_file_of_another_robot_is_refused(path: Path) -> None:
    filled(path)
    with pytest.raises(StorageError, match="belongs to robot 'rover_1', not to 'rover_2'"):
        Storage(path, "rover_2", CONFIG)


def test_a_newer_format_is_refused(path: Path) -> None:
    filled(path)
    altered(path, "UPDATE about SET format = 2")
    with pytest.raises(StorageError, match="has format 2, this version reads up to 1"):
        opened(path)


def test_any_other_file_is_refused(path: Path) -> None:
    path.write_bytes(b"what the cat typed, " * 500)
    with pytest.raises(StorageError, match="damaged or no storage of ours"):
        opened(path)


def test_a_database_of_somebody_else_is_refused(path: Path) -> None:
    altered(path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StorageError, match="no storage of a robot's log"):
        opened(path)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE log SET data = x'93010161' WHERE place = 2", "entry 2"),
        ("DELETE FROM log WHERE place = 2", "entry 2"),
        ("DELETE FROM log WHERE place = 4", "the end of the log"),
        ("INSERT INTO log SELECT 5, data, sum FROM log WHERE place = 4", "entry 5"),
        ("UPDATE head SET data = substr(data, 1, length(data) - 1)", "the vote"),
        ("DELETE FROM head", "the vote"),
        ("UPDATE snapshot SET data = x'940000929300010290a0'", "the snapshot"),
    ],
)
def test_an_altered_row_is_named_and_refused(path: Path, statement: str, what: str) -> None:
    filled(path)
    altered(path, statement)
    with pytest.raises(StorageError, match=f"{what} is not what was written. A member must not go on"):
        opened(path)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE journal SET data = x'00' WHERE place = 0", "line 0 of the journal"),
        ("DELETE FROM journal WHERE place = 1", "the end of the journal"),
    ],
)
def test_an_altered_line_of_the_journal_is_named(path: Path, statement: str, what: str) -> None:
    filled(path)
    altered(path, statement)
    with pytest.raises(StorageError, match=what):
        list(opened(path).journal())


def test_any_changed_byte_is_found_or_changes_nothing(path: Path) -> None:
    filled(path)
    whole = path.read_bytes()
    sound = opened(path)
    expected = (sound.load(), list(sound.journal()))
    sound.close()
    found = 0
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            storage = opened(path)
        except StorageError:
            found += 1
            continue
        try:
            assert (storage.load(), list(storage.journal())) == expected
        except StorageError:
            found += 1
        storage.close()
    assert found > 0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused(path: Path, share: float) -> None:
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(StorageError):
        list(opened(path).journal())


def test_a_full_disk_is_a_sentence_and_loses_nothing(path: Path) -> None:
    storage = opened(path)
    storage.save(ready(Vote(1, 0), 1, entries(1)))
    (pages,) = storage._base.execute("PRAGMA page_count").fetchone()
    storage._base.execute(f"PRAGMA max_page_count = {pages}")
    large = tuple(Entry(1, COMMAND, bytes(500)) for _ in range(100))
    with pytest.raises(StorageError, match="is full; nothing that was acknowledged is lost"):
        storage.save(ready(Vote(7, 1), 2, large))
    with pytest.raises(StorageError, match="is full"):
        storage.append_journal([bytes(100_000)])
    storage.close()
    again = opened(path)
    assert (again.load().vote, again.load().entries) == (Vote(1, 0), entries(1))
    assert list(again.journal()) == []


WRITER = """
import sys
from pathlib import Path
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Entry, Ready, Vote
from swarm_consensus.agreement.storage import Storage
storage = Storage(Path(sys.argv[1]), "rover_1", members([0, 1, 2]))
for term in range(1, 100000):
    entry = Entry(term, COMMAND, b"entry %d" % term)
    storage.save(Ready(Vote(term, 1), None, False, term, (entry,), [], [], []))
    print(term, flush=True)  # acknowledged
"""


def test_what_was_acknowledged_is_there_after_the_process_was_killed(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(30):
        process.stdout.readline()
    process.kill()
    acknowledged = [30, *(int(line) for line in process.stdout if line.endswith("\n"))][-1]
    process.wait()
    saved = opened(path).load()
    assert len(saved.entries) >= acknowledged
    assert saved.vote.term == len(saved.entries) == saved.entries[-1].term


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="can't be used"):
        opened(tmp_path / "nowhere" / "log.sqlite")


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["append", "rewrite", "vote", "compact", "replace"]), st.integers(1, 4)), max_size=12
)


@settings(max_examples=25, deadline=None)
@given(OPERATIONS)
def test_the_disk_and_its_twin_in_memory_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("disk") / "log.sqlite"
    disk, twin = opened(path), MemoryStorage(CONFIG)
    base = last = 0
    for term, (what, number) in enumerate(operations, 1):
        if what == "append":
            step = ready(Vote(term), last + 1, entries(*[term] * number))
            last += number
        elif what == "rewrite" and last > base:
            first = max(base + 1, last - number)
            step, last = ready(Vote(term), first, entries(term)), first
        elif what == "compact" and last > base:
            base = min(last, base + number)
            step = ready(snapshot=Snapshot(base, term, CONFIG, bytes(number)))
        elif what == "replace":
            base = last = last + number
            step = ready(snapshot=Snapshot(base, term, CONFIG, b"new"), restore=True, first=base + 1)
        else:
            step = ready(Vote(term, number))
        disk.save(step)
        twin.save(step)
    disk.close()
    again = opened(path)
    assert again.load() == twin.load()
    again.close()


def test_a_write_without_sync_is_lost_in_a_crash() -> None:
    twin = MemoryStorage(CONFIG)
    twin.save(ready(Vote(1, 0)))
    twin.write(ready(Vote(2, 1)))
    twin.crash()
    assert twin.load().vote == Vote(1, 0)


@pytest.mark.parametrize(("moment", "vote"), [("before", Vote(1)), ("after", Vote(2))])
def test_power_may_be_cut_before_or_after_a_write(moment: str, vote: Vote) -> None:
    twin = MemoryStorage(CONFIG)
    twin.save(ready(Vote(1)))
    twin.power_cut = moment  # type: ignore[assignment]
    with pytest.raises(StorageError, match="power"):
        twin.save(ready(Vote(2)))
    twin.crash()
    assert twin.load().vote == vote


def test_a_broken_disk_says_why() -> None:
    twin = MemoryStorage(CONFIG)
    twin.broken = "the disk is full"
    with pytest.raises(StorageError, match="the disk is full"):
        twin.save(ready(Vote(1)))
