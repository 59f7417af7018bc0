"""What a running robot tells who asks: as much as fits, as often as it may, whatever the question is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement import asking
from swarm_consensus.agreement.asking import (
    LARGEST,
    PURPOSE,
    QUESTION,
    Entries,
    Known,
    Lines,
    Part,
    Question,
    Told,
    pack_question,
    pack_told,
    read_told,
)
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.chunks import Incoming
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Chunk, Entry, Saved, Snapshot, Vote
from swarm_consensus.agreement.raft.settings import LARGEST_MESSAGE, Settings
from swarm_consensus.agreement.raft.state import State
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.robot.facts import Facts, FactsOrders
from swarm_consensus.robot.teller import ANSWERS_S, BURST, Teller

OWN, MOST = 3, 2**53
KEY, SWARM = PrivateKey(b"k" * 32), b"tellers"
CONFIG = members([0, 1, 2], learners=[3])
START = Snapshot(0, 0, CONFIG)
Page = Entries | Chunk | Lines


def standing(entries: Sequence[Entry] = (), snapshot: Snapshot = START) -> State:
    return State(OWN, Settings(), Saved(Vote(7), snapshot, tuple(entries)))


def teller(state: State, journal: Sequence[bytes] = (), key: PrivateKey | None = KEY) -> Teller:
    return Teller(OWN, lambda: state, lambda: journal, key, SWARM)


def asked(robot: Teller, part: Part, place: int, now: float = 0.0) -> Page:
    data = robot.hear(pack_question(Question(5, OWN, part, place)), now)
    assert data is not None
    assert len(data) <= LARGEST
    told, signature = read_told(data)
    assert (told.number, told.robot) == (5, OWN)
    assert KEY.public.verify(PURPOSE + SWARM, data[:-64], signature)
    return told.page


def commands(count: int, size: int = 40) -> list[Entry]:
    return [Entry(2, COMMAND, bytes([k % 256]) * size) for k in range(count)]


def test_of_an_empty_log_there_is_a_snapshot_and_nothing_behind_it() -> None:
    robot = teller(standing())
    piece = asked(robot, "state", 0)
    assert isinstance(piece, Chunk)
    assert Incoming().add(piece) == START
    assert asked(robot, "log", 1) == Entries(0, ())
    assert asked(robot, "journal", 0) == Lines(0, ())


@pytest.mark.parametrize(
    ("part", "place"), [("log", 0), ("log", 12), ("log", MOST), ("journal", 2), ("journal", MOST), ("state", MOST)]
)
def test_from_a_place_where_nothing_is_nothing_is_told(part: Part, place: int) -> None:
    page = asked(teller(standing(commands(10)), [b"line"]), part, place)
    told = page.data if isinstance(page, Chunk) else page.lines if isinstance(page, Lines) else page.entries
    assert not told
    assert not isinstance(page, Entries) or page.previous is None


def test_pages_follow_on_each_other_and_are_full() -> None:
    entries = commands(300)
    robot, found = teller(standing(entries)), []
    pages = 0
    while len(found) < len(entries):
        page = asked(robot, "log", len(found) + 1, now=float(pages))
        assert isinstance(page, Entries)
        found += page.entries
        pages += 1
    assert found == entries
    # an entry takes 1 (array) + 1 (term) + 1 (kind) + 2 (length) + 40 bytes, so that ROOM // 45 fit
    assert pages == -(-300 // (asking.ROOM // 45))


def test_the_largest_of_everything_fits_into_a_page() -> None:
    known = Known(MOST, 255, MOST, MOST, MOST)
    piece = Chunk(MOST, 255, 255, MOST, MOST, b"d" * 16, MOST, b"x" * asking.ROOM, 0)
    full = Entries(MOST, (Entry(MOST, COMMAND, b"x" * (asking.ROOM - 14)),))  # 1 + 9 (term) + 1 + 3 (length)
    assert asking.size_of(full.entries[0]) == asking.ROOM
    for page in (piece, full, Lines(MOST, (b"x" * (asking.ROOM - 3),))):
        assert len(pack_told(Told(MOST, 255, known, page), KEY, SWARM)) <= LARGEST
    assert len(pack_question(Question(MOST, 255, "journal", MOST))) <= QUESTION
    assert asking.size_of(Entry(MOST, COMMAND, b"x" * LARGEST_MESSAGE)) <= asking.ROOM  # so every entry can be told


def test_what_a_snapshot_covers_is_told_as_long_as_it_is_kept() -> None:
    state = standing(commands(100))
    log = state.log
    log.commit = log.applied = 90
    log.compact(Snapshot(90, 2, CONFIG, b"state" * 2000), kept=10)
    robot = teller(state)
    assert asked(robot, "log", 80) == Entries(None, ())
    page = asked(robot, "log", 81)
    assert isinstance(page, Entries)
    assert page == Entries(2, tuple(commands(100)[80:]))
    incoming, whole, offset = Incoming(), None, 0
    while whole is None:
        piece = asked(robot, "state", offset, now=offset)
        assert isinstance(piece, Chunk)
        whole, offset = incoming.add(piece), incoming.offset_of(piece)
    assert whole == log.snapshot


def test_what_is_not_stored_is_not_told() -> None:
    state = standing(commands(2))
    state.append(commands(1))
    page = asked(teller(state), "log", 1)
    assert isinstance(page, Entries)
    assert len(page.entries) == 2
    data = teller(state).hear(pack_question(Question(5, OWN, "log", 1)), 0.0)
    assert data is not None
    assert read_told(data)[0].known == Known(7, None, 0, 0, 2)


def test_whoever_asks_how_often_only_so_many_are_answered_in_a_second() -> None:
    robot = teller(standing())
    question = pack_question(Question(5, OWN, "log", 1))
    answered = sum(robot.hear(question, k / 10_000) is not None for k in range(10_000))
    assert BURST + ANSWERS_S - 1 <= answered <= BURST + ANSWERS_S
    assert robot.refused == {"crowded": 10_000 - answered}
    assert sum(robot.hear(question, 1000.0) is not None for _ in range(100)) == BURST  # nor is anything saved up


GOOD = pack_question(Question(5, OWN, "log", 1))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "garbage"),
        (b"SA", "truncated"),
        (b"ST" + GOOD[2:], "garbage"),
        (GOOD[:-1], "truncated"),
        (GOOD + b"\0", "oversized"),
        (GOOD + bytes(2**20), "oversized"),
        (GOOD[:2] + b"\2" + GOOD[3:], "version"),
        (pack_question(Question(5, 2, "log", 1)), "stranger"),
        (asking.wrap(b"SA", 1, msgspec.msgpack.encode((5, OWN, "all", 1)), QUESTION), "value"),
        (asking.wrap(b"SA", 1, msgspec.msgpack.encode((5, OWN, "log", -1)), QUESTION), "value"),
        (asking.wrap(b"SA", 1, b"\xc1", QUESTION), "garbage"),
    ],
)
def test_what_is_no_question_to_it_is_counted_and_not_answered(data: bytes, cause: str) -> None:
    robot = teller(standing(commands(3)))
    assert robot.hear(data, 0.0) is None
    assert robot.refused == {cause: 1}
    assert asked(robot, "log", 1)  # and takes nothing from those who ask


def test_without_a_key_pages_are_not_signed() -> None:
    data = teller(standing(), key=None).hear(GOOD, 0.0)
    assert data is not None
    assert read_told(data)[1] == b""


anything = st.binary(max_size=2 * QUESTION)
numbers = st.integers(-1, 2**64 - 1)
questions = st.tuples(
    numbers, st.sampled_from([OWN, OWN, 0, 300]), st.sampled_from(["log", "state", "journal", ""]), numbers
)
nested = st.integers(0, QUESTION).map(lambda depth: asking.wrap(b"SA", 1, b"\x91" * depth, 2 * QUESTION))
shaped = questions.map(lambda each: asking.wrap(b"SA", 1, msgspec.msgpack.encode(each), 2 * QUESTION))


@settings(deadline=None)
@given(st.lists(anything | nested | shaped, max_size=5), st.floats(0, 1e9))
def test_no_bytes_make_it_raise_or_say_more_than_a_page_or_change_what_it_holds(
    packets: list[bytes], now: float
) -> None:
    state = standing(commands(200), Snapshot(9, 1, CONFIG, bytes(9000)))
    before = (state.log.last, state.log.commit, state.term, state.outbox, state.log.between(10, 209))
    robot = teller(state, [b"line"] * 9)
    answers = [robot.hear(packet, now) for packet in packets]
    assert all(answer is None or len(answer) <= LARGEST for answer in answers)
    assert sum(robot.refused.values()) == answers.count(None)
    assert (state.log.last, state.log.commit, state.term, state.outbox, state.log.between(10, 209)) == before


def test_a_robot_that_never_ticked_and_one_whose_disk_failed_answer_all_the_same() -> None:
    orders = FactsOrders((0,), Settings())
    disk = MemoryStorage(orders.config(1))
    facts = Facts(0, 1, orders, 20, disk)
    robot = Teller(0, lambda: facts.state, tuple, None, b"")

    def known(now: float) -> Known:
        data = robot.hear(pack_question(Question(1, 0, "log", 1)), now)
        assert data is not None
        return read_told(data)[0].known

    assert known(0.0) == Known(0, None, 0, 0, 0)
    for tick in range(1, 60):
        facts.begin(tick)
        facts.act()
    assert known(1.0) == Known(1, 0, 1, 1, 1)  # alone it elects itself
    disk.broken = "the disk is gone"
    facts.ask(b"x")
    for tick in range(60, 120):
        facts.begin(tick)
        facts.act()
    assert facts._replica is not None
    assert facts._replica.stopped is not None
    assert known(2.0) == Known(1, 0, 1, 1, 1)  # what it could not store it does not tell
