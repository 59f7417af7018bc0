"""Bundles on robots: within a budget of bytes, checked, resumed after a crash, then active at once. About 4 s."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from swarm_consensus.agreement import activation
from swarm_consensus.agreement.activation import Activations
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.network.frame import Frame as AirFrame
from swarm_consensus.network.frame import Note, messages_of, packed
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.manifest import Manifest, sign
from swarm_consensus.network.spreading import Chunk, Offer, Pace, Transfer, pack, unpack
from swarm_consensus.robot.bundles import OUTBOX, TOPIC, BundleOrders, Bundles, digest_of
from swarm_consensus.robot.disk import MemoryChunks, MemoryDisk
from swarm_consensus.simulation.captured import Corrupter

KEY = PrivateKey(bytes(range(32)))
OTHER = PrivateKey(bytes(32))
DATA = np.random.default_rng(3).bytes(6000)
MANIFEST = sign("map", 1, DATA, KEY, 256)
NAMES = [f"r{number}" for number in range(12)]
PACE = Pace(window=8, patience=60, offer=20)
RATE, BUDGET = 20, 8000


class Convoy:
    """Robots in a row that hear each other up to `reach` places away, and a log that is one list."""

    def __init__(
        self,
        count: int = 4,
        reach: int = 1,
        loss: float = 0.0,
        seed: int = 0,
        room: int = 900,
        kinds: dict[int, Callable[..., Transfer]] | None = None,
        budget: int = BUDGET,
    ) -> None:
        self.count, self.reach, self.loss, self.room, self.budget = count, reach, loss, room, budget
        self.kinds = kinds or {}
        self.rng = np.random.default_rng(seed)
        self.disks = [MemoryDisk() for _ in range(count)]
        self.machines = [Activations(lambda: (KEY.public,)) for _ in range(count)]
        self.log: list[bytes] = []
        self.off: set[int] = set()
        self.tick = 0
        self.robots = [self.make(robot) for robot in range(count)]
        self.said: list[tuple[Raw, ...]] = [()] * count
        self.largest = 0

    def make(self, robot: int) -> Bundles:
        source = (MANIFEST, DATA) if robot == 0 else (None, None)
        orders = BundleOrders(PACE, self.budget, *source, self.kinds.get(robot, Transfer))
        machine = self.machines[robot]
        return Bundles(robot, self.count, orders, RATE, self.disks[robot], machine, self.ask)

    def ask(self, command: bytes) -> bool:
        """Settle a command at once, on all robots."""
        self.log.append(command)
        for machine in self.machines:
            machine.apply(len(self.log), command)
        return True

    def step(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.tick += 1
            before, self.said = self.said, [()] * self.count
            for i, robot in enumerate(self.robots):
                if i in self.off:
                    continue
                for j in range(self.count):
                    if j != i and abs(i - j) <= self.reach and j not in self.off and self.rng.random() >= self.loss:
                        for note in notes(before[j]):
                            robot.hear(j, note)
                robot.act(self.tick)
                self.said[i] = robot.take(self.room)
                self.largest = max(self.largest, sum(map(len, self.said[i])))

    def run(self, most: int = 2000) -> Convoy:
        while not all(self.index(i) for i in range(self.count) if i not in self.off):
            self.step()
            assert self.tick < most, [self.robots[i].status(NAMES) for i in range(self.count)]
        return self

    def index(self, robot: int) -> int:
        """Return from which entry on a robot goes by the bundle; 0: it does not."""
        status = self.robots[robot].status(NAMES)
        return status.index if status and status.digest else 0

    def digests(self) -> set[str]:
        return {status.digest for robot in self.robots if (status := robot.status(NAMES))}

    def named(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, robot in enumerate(self.robots):
            status = robot.status(NAMES)
            for name in status.named if status else ():
                found.setdefault(name, []).append(number)
        return found


def notes(said: tuple[Raw, ...]) -> list[Note]:
    frame = AirFrame(1, 1, 1, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), b"", False, messages=said)
    return [message for message in messages_of(frame) if isinstance(message, Note)]


def offered(manifest: Manifest, upto: int = 24) -> Note:
    return Note(TOPIC, Raw(pack(Offer(manifest, upto))))


@pytest.mark.parametrize("seed", range(3))
def test_all_have_the_same_bytes_and_go_by_them_from_one_entry_on(seed: int) -> None:
    convoy = Convoy(loss=0.1, seed=seed).run()
    assert convoy.digests() == {digest_of(DATA)}
    assert len({convoy.index(robot) for robot in range(4)}) == 1
    assert convoy.named() == {}
    # not before the last one had it: its entry is the one that counts
    assert convoy.index(0) == 1 + 4


def test_nobody_goes_by_it_while_one_lacks_it() -> None:
    convoy = Convoy()
    convoy.off = {3}
    convoy.step(400)
    assert [convoy.index(robot) for robot in range(3)] == [0, 0, 0]
    assert [robot.status(NAMES).digest for robot in convoy.robots[:3]] == [digest_of(DATA)] * 3  # type: ignore[union-attr]


@settings(max_examples=10, deadline=None)
@given(st.integers(600, 20_000), st.integers(300, 1200), st.integers(0, 99))
def test_no_robot_ever_says_more_than_its_budget_and_its_room(budget: int, room: int, seed: int) -> None:
    convoy = Convoy(budget=budget, room=room, loss=0.2, seed=seed)
    convoy.step(300)
    assert convoy.largest <= room
    for robot in convoy.robots:
        assert robot.sent <= budget * convoy.tick / RATE
        assert len(robot._out) <= OUTBOX


def test_a_robot_that_comes_back_goes_on_with_what_is_on_its_disk() -> None:
    convoy = Convoy(loss=0.1)
    while not (status := convoy.robots[2].status(NAMES)) or status.chunks < 12:
        convoy.step()
    kept = status.chunks
    convoy.off = {2}
    convoy.step(50)
    convoy.off = set()
    convoy.robots[2] = convoy.make(2)
    convoy.run()
    status = convoy.robots[2].status(NAMES)
    assert status
    assert status.resumed == kept
    assert status.digest == digest_of(DATA)


def test_what_was_altered_on_the_disk_is_fetched_again() -> None:
    convoy = Convoy().run()
    (shelf,) = convoy.disks[3].shelves.values()
    assert isinstance(shelf, MemoryChunks)
    shelf.chunks[5] = msgspec.structs.replace(shelf.chunks[5], data=bytes(256))
    convoy.robots[3] = convoy.make(3)
    convoy.step(30)
    status = convoy.robots[3].status(NAMES)
    assert status
    assert status.resumed < 24
    convoy.run()
    assert convoy.digests() == {digest_of(DATA)}


# liars


@pytest.mark.parametrize("seed", range(3))
def test_a_corrupting_relay_is_named_and_routed_round(seed: int) -> None:
    convoy = Convoy(6, reach=2, loss=0.1, seed=seed, kinds={1: Corrupter}).run()
    assert convoy.digests() == {digest_of(DATA)}
    assert list(convoy.named()) == ["r1"]


class Believing(Transfer):
    """Mutant: takes whatever chunk comes."""

    def _on_chunk(self, peer: int, chunk: Chunk) -> None:
        if chunk.index not in self._chunks and chunk.index < self.manifest.chunks:
            self._take(chunk)

    def tick(self, serves: bool = True) -> list:  # type: ignore[type-arg]
        self._nodes.path = lambda index, depth: ()  # type: ignore[method-assign]
        return super().tick(serves)


def test_robots_that_do_not_check_hold_altered_bytes() -> None:
    kinds: dict[int, Callable[..., Transfer]] = dict.fromkeys(range(2, 6), Believing)
    convoy = Convoy(6, reach=2, kinds={**kinds, 1: Corrupter})
    convoy.step(600)
    assert len(convoy.digests()) > 1


REFUSED = [
    (msgspec.structs.replace(MANIFEST, signature=b""), "its root is not signed"),
    (msgspec.structs.replace(MANIFEST, size=5999), "the signature does not fit; something was altered"),
    (msgspec.structs.replace(MANIFEST, size=10**9), "has 1000000000 bytes, must be from 1 to 10000000"),
    (msgspec.structs.replace(MANIFEST, chunk=0), "chunks of 0 bytes, must be from 1 to 768"),
    (msgspec.structs.replace(MANIFEST, root=bytes(32)), "the signature does not fit; something was altered"),
    (sign("map", 2, DATA, OTHER, 256), "signed by a key that is no commander's"),
]


@pytest.mark.parametrize(("manifest", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_nobody_vouches_for_is_refused_in_a_sentence_and_nothing_of_it_is_taken(
    manifest: Manifest, words: str
) -> None:
    convoy = Convoy()
    robot = convoy.robots[2]
    robot.hear(1, offered(manifest))
    assert robot.status(NAMES) is None
    assert words in "; ".join(robot.refusals.values())
    assert words in activation.answer_of(
        convoy.machines[0].apply(1, activation.pack(activation.Announce(manifest, (0,))))
    )
    assert convoy.run().digests() == {digest_of(DATA)}  # the true one all the same


def test_what_was_refused_is_reported_to_the_log_once_and_seldom() -> None:
    convoy = Convoy()
    robot = convoy.robots[2]
    for manifest, _ in REFUSED[:3] * 2:
        robot.hear(1, offered(manifest))
    reported = []
    for tick in range(1, 100 * RATE):
        before = len(convoy.log)
        robot.act(tick)
        reported += [(tick, command) for command in convoy.log[before:]]
    expected = [activation.pack(activation.Announce(REFUSED[n][0], (), 2, 1 + n * 30 * RATE)) for n in range(3)]
    assert [command for _, command in reported] == expected
    assert [tick for tick, _ in reported] == [1, 1 + 30 * RATE, 1 + 60 * RATE]


def test_a_flood_of_false_offers_fills_no_memory_and_does_not_keep_out_the_true_one() -> None:
    convoy = Convoy()
    for number in range(200):
        convoy.robots[2].hear(1, offered(msgspec.structs.replace(MANIFEST, root=number.to_bytes(32, "big"))))
    assert len(convoy.robots[2].refusals) <= 64
    assert convoy.run().digests() == {digest_of(DATA)}


def test_a_newer_bundle_takes_the_place_of_an_older_one_and_never_the_other_way_round() -> None:
    robot = Convoy().robots[2]
    newer = sign("map", 2, DATA[::-1], KEY, 256)
    for manifest in (MANIFEST, newer, MANIFEST, sign("plan", 9, DATA, KEY, 256)):
        robot.hear(1, offered(manifest))
    status = robot.status(NAMES)
    assert status
    assert (status.name, status.number) == ("map", 2)


@given(st.binary(max_size=100))
def test_no_bytes_make_a_robot_raise(words: bytes) -> None:
    robot = Convoy().robots[0]
    robot.hear(1, Note(TOPIC, Raw(words)))
    robot.act(1)
    robot.take(900)


class Full(MemoryDisk):
    """A disk that takes nothing."""

    def shelf(self, name: str) -> MemoryChunks:
        raise StorageError("the disk is full")


def test_a_robot_whose_disk_refuses_takes_nothing_and_says_why() -> None:
    convoy = Convoy()
    convoy.disks[2] = Full()
    convoy.robots[2] = convoy.make(2)
    convoy.step(60)
    assert convoy.robots[2].status(NAMES) is None
    assert set(convoy.robots[2].refusals.values()) == {"the disk is full"}


def test_a_chunk_waits_for_room_and_requests_pass_it() -> None:
    """Where a frame has no room for a chunk, what is small goes out all the same."""
    convoy = Convoy(2, room=250)
    convoy.step(100)
    assert convoy.robots[0].status(NAMES).chunks == 24  # type: ignore[union-attr]
    said = {type(unpack(bytes(note.words))) for step in range(60) for note in _said(convoy)}
    assert Chunk not in said
    assert Offer in said
    assert packed(offered(MANIFEST))


def _said(convoy: Convoy) -> list[Note]:
    convoy.step()
    return [note for said in convoy.said for note in notes(said)]
