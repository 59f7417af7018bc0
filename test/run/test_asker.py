"""Asking a robot page by page: over a network that loses, repeats and reorders, past those who speak in its name."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement import asking
from swarm_consensus.agreement.asking import (
    Entries,
    Known,
    Lines,
    Told,
    is_told_by,
    pack_told,
    read_question,
    read_told,
)
from swarm_consensus.agreement.raft.chunks import digest_of
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Chunk, Entry, Saved, Snapshot, Vote
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.raft.state import State
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.robot.teller import Teller
from swarm_consensus.run.asker import AGAIN_S, RESTARTS, Asker, Wanted

OWN, NUMBER = 3, 1_000
KEY, OTHER, SWARM = PrivateKey(b"k" * 32), PrivateKey(b"o" * 32), b"askers"
CONFIG = members([0, 1, 2], learners=[3])
START = Snapshot(0, 0, CONFIG)
STEP_S, MOST_S = 0.01, 600.0


def by_key(data: bytes, signature: bytes) -> bool:
    return is_told_by(data, signature, KEY.public, SWARM)


def asker(wanted: Wanted = "log", accept: Callable[[bytes, bytes], bool] = by_key) -> Asker:
    return Asker(OWN, wanted, NUMBER, accept)


def commands(count: int, term: int = 2, size: int = 40) -> list[Entry]:
    return [Entry(term, COMMAND, f"{term} {k}".encode().ljust(size)) for k in range(count)]


class Robot:
    """One that tells, and whose log a test changes."""

    def __init__(
        self, entries: Sequence[Entry] = (), snapshot: Snapshot = START, journal: Sequence[bytes] = ()
    ) -> None:
        self.state = State(OWN, Settings(), Saved(Vote(9), snapshot, tuple(entries)))
        self.journal = list(journal)
        self.teller = Teller(OWN, lambda: self.state, lambda: self.journal, KEY, SWARM)

    @property
    def saved(self) -> Saved:
        log = self.state.log
        first = log.snapshot.index + 1
        return Saved(Vote(self.state.term), log.snapshot, tuple(log.between(first, log.last)))

    def add(self, entries: Sequence[Entry]) -> None:
        log = self.state.log
        self.state.append(entries)
        log.saved = log.last

    def cut(self, first: int) -> None:
        self.state.cut(first)

    def compact(self, index: int, kept: int = 0) -> None:
        log = self.state.log
        log.commit = log.applied = max(index, log.commit)
        log.compact(Snapshot(index, log.term_at(index), CONFIG, bytes(index)), kept)


class Air:
    """Carries both ways, as it likes; a robot hears what arrives at once, and `between` happens before each answer."""

    def __init__(self, seed: int = 0, loss: float = 0.0, twice: float = 0.0, late: float = 0.0) -> None:
        self._rng = np.random.default_rng(seed)
        self._loss, self._twice, self._late = loss, twice, late
        self._flying: list[tuple[float, int, bool, bytes]] = []
        self._count = 0
        self.between: Callable[[int], None] = lambda _: None
        self.forge: Callable[[bytes], list[bytes]] = lambda page: [page]
        self.answers = 0

    def _fly(self, now: float, up: bool, data: bytes) -> None:
        for _ in range(1 + int(self._rng.random() < self._twice)):
            if self._rng.random() >= self._loss:
                self._count += 1
                delay = self._rng.exponential(self._late) if self._late else 0.0
                heapq.heappush(self._flying, (now + delay, self._count, up, data))

    def talk(self, client: Asker, robot: Robot, most: float = MOST_S) -> float:
        """Let them talk until the client is through; return how long that took, s."""
        now = 0.0
        while not client.done and not client.fault and now < most:
            question = client.due(now)
            if question is not None:
                self._fly(now, True, question)
            while self._flying and self._flying[0][0] <= now:
                _, _, up, data = heapq.heappop(self._flying)
                self._arrive(client, robot, up, data, now)
            now += STEP_S
        return now

    def _arrive(self, client: Asker, robot: Robot, up: bool, data: bytes, now: float) -> None:
        if not up:
            client.hear(data, now)
            return
        self.between(self.answers)
        page = robot.teller.hear(data, now)
        if page is not None:
            self.answers += 1
            for each in self.forge(page):
                self._fly(now, False, each)


@pytest.mark.parametrize("count", [0, 1, 85, 86, 400])
@pytest.mark.parametrize(
    "snapshot", [START, Snapshot(77, 1, CONFIG, bytes(range(256)) * 60)], ids=["fresh", "compacted"]
)
def test_it_ends_with_what_the_robot_holds(count: int, snapshot: Snapshot) -> None:
    robot, client = Robot(commands(count), snapshot), asker()
    Air().talk(client, robot)
    assert client.done
    assert client.saved == robot.saved
    assert client.known == Known(9, None, snapshot.index, snapshot.index, snapshot.index + count)
    assert not client.refused


@pytest.mark.parametrize("count", [0, 1, 500])
def test_it_ends_with_the_journal_that_the_robot_keeps(count: int) -> None:
    robot, client = Robot(journal=[f"line {k}".encode() * 5 for k in range(count)]), asker("journal")
    Air().talk(client, robot)
    assert client.done
    assert client.lines == robot.journal


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("wanted", ["log", "journal"])
def test_loss_copies_and_late_pages_cost_time_and_nothing_else(seed: int, wanted: Wanted) -> None:
    journal = [bytes([k % 256]) * 30 for k in range(600)]
    robot = Robot(commands(300), Snapshot(77, 1, CONFIG, bytes(9000)), journal)
    client = asker(wanted)
    took = Air(seed, loss=0.4, twice=0.4, late=0.4).talk(client, robot)
    assert client.done
    assert (client.saved == robot.saved) if wanted == "log" else (client.lines == journal)
    assert took < MOST_S / 2
    assert set(client.refused) <= {"late"}


@pytest.mark.parametrize("seed", range(10))
def test_a_log_that_grows_while_it_is_read_is_read_to_its_end(seed: int) -> None:
    robot, client, air = Robot(commands(100)), asker(), Air(seed, loss=0.2, late=0.1)
    air.between = lambda answers: robot.add(commands(7, term=3)) if answers < 12 else None
    air.talk(client, robot)
    assert client.done
    assert client.saved == robot.saved


@pytest.mark.parametrize("kept", [0, 30])
def test_a_log_that_is_compacted_while_it_is_read_is_one_log_all_the_same(kept: int) -> None:
    robot, client, air = Robot(commands(300), Snapshot(10, 1, CONFIG, bytes(9000))), asker(), Air()
    points = {1: 60, 4: 150, 7: 250}
    air.between = lambda answers: robot.compact(points[answers], kept) if answers in points else None
    whole = dict(enumerate(commands(300), 11))
    air.talk(client, robot)
    assert client.done
    found = client.saved
    assert found.snapshot.index in (10, 60, 150, 250)
    assert dict(enumerate(found.entries, found.snapshot.index + 1)) == {
        index: entry for index, entry in whole.items() if index > found.snapshot.index
    }


class Trusting(Asker):
    """Takes what is told without looking whether it follows on what is here."""

    def _take_entries(self, page: Entries, known: Known) -> None:
        assert self._snapshot is not None
        end = self._snapshot.index + len(self._entries)
        before = self._entries[-1].term if self._entries else self._snapshot.term
        super()._take_entries(msgspec.structs.replace(page, previous=before) if known.last >= end else page, known)


@pytest.mark.parametrize("kind", [Asker, Trusting])
def test_an_end_that_is_replaced_while_it_is_read_is_read_anew(kind: type[Asker]) -> None:
    robot, air = Robot(commands(200)), Air()
    robot.state.log.commit = 50
    client = kind(OWN, "log", NUMBER, by_key)

    def replace(answers: int) -> None:
        if answers == 2:  # the first 85 are told: another leader's entries take the place of those after 60
            robot.cut(61)
            robot.add(commands(150, term=3))

    air.between = replace
    air.talk(client, robot)
    assert client.done
    assert (client.saved == robot.saved) == (kind is Asker)


def test_an_end_that_is_cut_off_while_it_is_read_is_not_told() -> None:
    robot, client, air = Robot(commands(200)), asker(), Air()
    robot.state.log.commit = 50
    air.between = lambda answers: robot.cut(61) if answers == 2 else None
    air.talk(client, robot)
    assert client.done
    assert client.saved == robot.saved
    assert len(client.saved.entries) == 60


def test_a_robot_that_takes_back_what_it_called_settled_is_told_so() -> None:
    robot, client, air = Robot(commands(200)), asker(), Air()
    robot.state.log.commit = 200

    def forget(answers: int) -> None:
        if answers == 2:
            robot.state.log.cut(61)
            robot.add(commands(150, term=3))

    air.between = forget
    air.talk(client, robot)
    assert client.fault == "it contradicts what it told before of entry 85, which was settled"
    assert not client.done


def test_a_log_that_is_compacted_all_the_time_is_given_up() -> None:
    robot, client, air = Robot(commands(5000), Snapshot(10, 1, CONFIG, bytes(9000))), asker(), Air()
    air.between = lambda answers: robot.compact(11 + answers)
    air.talk(client, robot)
    assert client.fault == f"its log was compacted {RESTARTS + 1} times while it was read; try again"


def test_it_asks_again_and_no_sooner_and_knows_for_how_long_nothing_came() -> None:
    client = asker()
    assert client.silence(5.0) == 0.0
    first = client.due(10.0)
    assert first is not None
    assert client.due(10.0 + AGAIN_S - 0.01) is None
    assert client.due(10.0 + AGAIN_S) == first
    assert client.due(10.0 + AGAIN_S) is None
    assert client.silence(13.0) == 3.0
    assert client.sent == 2
    page = Robot(commands(3)).teller.hear(first, 0.0)
    assert page is not None
    client.hear(page, 13.0)
    assert client.silence(14.0) == 1.0
    second = client.due(13.0)  # what comes next is asked for at once
    assert second is not None
    assert read_question(second).number == read_question(first).number + 1


# who speaks in its name


def flipped(page: bytes, place: int) -> bytes:
    return page[:place] + bytes([page[place] ^ 1]) + page[place + 1 :]


def resigned(page: bytes, key: PrivateKey, swarm: bytes) -> bytes:
    told = read_told(page)[0]
    return pack_told(msgspec.structs.replace(told, page=Entries(0, (Entry(1, COMMAND, b"forged"),))), key, swarm)


@pytest.mark.parametrize(
    ("forge", "cause"),
    [
        (lambda page: resigned(page, OTHER, SWARM), "forged"),
        (lambda page: resigned(page, KEY, b"other"), "forged"),
        (lambda page: flipped(page, 40), "forged"),
        (lambda page: flipped(page, len(page) - 1), "forged"),
        (lambda page: page[:-64], "unsigned"),
        (lambda page: page[:-1], "oversized"),
        (lambda page: page[:30], "truncated"),
        (lambda page: flipped(page, 0), "garbage"),
        (lambda page: flipped(page, 2), "version"),
    ],
)
def test_a_forged_page_is_refused_and_counted_and_the_true_one_is_taken(
    forge: Callable[[bytes], bytes], cause: str
) -> None:
    robot, client, air = Robot(commands(200)), asker(), Air()
    air.forge = lambda page: [forge(page), page]
    air.talk(client, robot)
    assert client.done
    assert client.saved == robot.saved
    assert client.refused == {cause: air.answers}


def test_with_forged_pages_only_nothing_is_believed() -> None:
    robot, client, air = Robot(commands(200)), asker(), Air()
    air.forge = lambda page: [resigned(page, OTHER, SWARM)]
    air.talk(client, robot, most=5.0)
    assert not client.done
    assert client.known is None
    assert client.refused == {"forged": air.answers}
    assert client.silence(5.0) == 5.0


def test_who_does_not_ask_for_a_proof_believes_a_stranger() -> None:
    robot, air = Robot(commands(20)), Air()
    client = asker(accept=lambda _, __: True)

    def forge(page: bytes) -> list[bytes]:
        told = read_told(page)[0]
        if not isinstance(told.page, Entries):
            return [page]
        lie = Entries(0, tuple(commands(20, term=8)))
        return [pack_told(msgspec.structs.replace(told, page=lie), OTHER, SWARM), page]

    air.forge = forge
    air.talk(client, robot)
    assert client.done
    assert client.saved != robot.saved


def test_an_older_page_and_one_of_another_robot_answer_nothing() -> None:
    robot, client = Robot(commands(300)), asker()
    old, pages = [], []
    for now in range(3):
        question = client.due(float(now))
        assert question is not None
        page = robot.teller.hear(question, float(now))
        assert page is not None
        for each in old:
            client.hear(each, float(now))
        assert client.refused["late"] == sum(range(now + 1))
        client.hear(page, float(now))
        old.append(page)
        pages.append(read_told(page)[0].number)
    assert pages == [NUMBER, NUMBER + 1, NUMBER + 2]
    stranger = msgspec.structs.replace(read_told(old[0])[0], robot=2, number=NUMBER + 3)
    client.due(9.0)
    client.hear(pack_told(stranger, KEY, SWARM), 9.0)
    assert client.refused["stranger"] == 1


@pytest.mark.parametrize("part", ["log", "state", "journal"])
def test_a_robot_that_has_more_and_does_not_tell_it_is_given_up(part: str) -> None:
    robot = Robot(commands(9), Snapshot(0, 0, CONFIG, bytes(9000)), [b"line"] * 9)
    client, air = asker("journal" if part == "journal" else "log"), Air()

    def forge(page: bytes) -> list[bytes]:
        told = read_told(page)[0]
        empty = {
            "log": Entries(0, ()),
            "journal": Lines(9, ()),
            "state": told.page if not isinstance(told.page, Chunk) else msgspec.structs.replace(told.page, data=b""),
        }[part]
        is_meant = type(told.page) is type(empty) and (part != "state" or told.page.offset > 0)  # type: ignore[union-attr]
        return [pack_told(msgspec.structs.replace(told, page=empty), KEY, SWARM) if is_meant else page]

    air.forge = forge
    air.talk(client, robot)
    where = {"log": "entry 1", "state": f"byte {asking.ROOM}", "journal": "line 0"}[part]
    assert client.fault == f"it tells nothing from {where} on, though it has more"


# any bytes

numbers = st.sampled_from([0, 1, 5, 2**53])
entries = st.builds(Entry, numbers, st.integers(0, 2), st.binary(max_size=9))
whole = st.binary(max_size=60) | st.builds(
    msgspec.msgpack.encode, st.builds(Snapshot, numbers, numbers, st.just(CONFIG))
)
pieces = st.builds(
    lambda index, data, offset, more: Chunk(
        1, OWN, OWN, index, len(data) + more, digest_of(data), offset, data[offset : offset + 30], 0
    ),
    numbers,
    whole,
    st.sampled_from([0, 0, 30]),
    st.sampled_from([0, 0, 5]),
)
pages = (
    st.builds(Entries, st.none() | numbers, st.lists(entries, max_size=3).map(tuple))
    | pieces
    | st.builds(Lines, numbers, st.lists(st.binary(max_size=9), max_size=3).map(tuple))
)
knowns = st.builds(Known, numbers, st.none() | st.integers(0, 255), numbers, numbers, numbers)
nested = st.integers(0, 4000).map(lambda depth: asking.wrap(b"ST", 1, b"\x91" * depth, asking.LARGEST))
wild = st.binary(max_size=300) | nested | st.binary(max_size=300).map(lambda tail: b"ST\x01" + tail)


@settings(deadline=None)
@given(st.sampled_from(["log", "journal"]), st.lists(wild | st.tuples(knowns, pages), max_size=12))
def test_no_bytes_and_no_page_make_it_raise(wanted: Wanted, heard: list[bytes | tuple[Known, Entries]]) -> None:
    client, now = asker(wanted, accept=lambda _, __: True), 0.0
    for each in heard:
        question = client.due(now)
        now += AGAIN_S
        if isinstance(each, bytes):
            client.hear(each, now)
        elif question is not None:
            told = Told(read_question(question).number, OWN, *each)
            client.hear(pack_told(told, None, b""), now)
    assert not client.done or not client.fault
    if client.done and wanted == "log":
        assert client.saved


def test_a_log_beyond_all_numbers_is_a_sentence() -> None:
    """Its next entry could not even be asked for."""
    client = asker(accept=lambda _, __: True)
    known = Known(1, 0, 2**53, 2**53, 2**53)
    data = msgspec.msgpack.encode(Snapshot(2**53, 1, members([0])))
    piece = Chunk(1, OWN, OWN, 2**53, len(data), digest_of(data), 0, data, 0)
    for now in range(4):
        question = client.due(float(now))
        if question is not None and not client.fault:
            asked = read_question(question)
            page = piece if asked.part == "state" else Entries(None, ())
            client.hear(pack_told(Told(asked.number, OWN, known, page), None, b""), float(now))
    assert client.fault == "it tells of entry 9007199254740992, beyond any that can be"
