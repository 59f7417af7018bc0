"""Claims on robots, at docks that arbitrate alone: whatever the radio does, no two may use one place at a time."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from msgspec import Raw

from swarm_consensus.agreement.claim import NOBODY, Arbiter, Claim, Held, Release, Request, pack
from swarm_consensus.agreement.lease import Holder, LeaseSettings
from swarm_consensus.network.frame import Frame, Note, encode, messages_of, packed
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.replay import MemoryMarks
from swarm_consensus.network.seal import Identity
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.claims import CLAIM, Claims, device, pack_answer, read_note
from swarm_consensus.robot.devices import Devices, voice
from swarm_consensus.robot.docks import Dock, DockOrders
from swarm_consensus.robot.identity import Trust
from swarm_consensus.simulation import arbiters
from swarm_consensus.simulation.arbiters import Station

DRIFT = 0.1
LEASE = LeaseSettings(lease_ticks=40, renew_ticks=6, delay_ticks=3, clock_drift=DRIFT)
EARS = Ears(None, b"", MemoryMarks())
STILL = (0.0, 0.0, 0.0)
_encode = msgspec.msgpack.Encoder().encode
ROBOTS = 3


def orders(*places: int) -> DockOrders:
    """Docks with so many places each, called a, b, ..."""
    names = "abc"[: len(places)]
    docks = [Dock(name, np.zeros(2), 1.0, 40.0, np.zeros((many, 2))) for name, many in zip(names, places, strict=True)]
    queues = [(name, tuple((i, j) for j in range(places[i]))) for i, name in enumerate(names)]
    return DockOrders(tuple(docks), tuple(queues), LEASE)


def frame(sender: int, tick: int, messages: tuple[Raw, ...]) -> bytes:
    return encode(Frame(sender, tick, tick, STILL, STILL, b"", pushing=False, messages=messages))


def asked(messages: tuple[Raw, ...], sender: int = 0) -> list[tuple[int, Request]]:
    """What notes ask of which dock."""
    notes = messages_of(Frame(sender, 1, 1, STILL, STILL, b"", pushing=False, messages=messages))
    found = [read_note(note) for note in notes if isinstance(note, Note)]
    return [each for each in found if each is not None]


class One:
    """One robot that is driven by hand, from tick 100 on."""

    def __init__(self, *places: int, devices: Devices | None = None) -> None:
        self.claims, self.tick = Claims(0, orders(*places), devices), 99
        self.claims.wanted = frozenset({"a"})

    def hear(self, *packets: bytes) -> list[tuple[int, Request]]:
        """Let a tick pass; return what it asks."""
        self.tick += 1
        self.claims.begin(self.tick)
        assert not self.claims.hear(packets)
        return asked(self.claims.due())

    def wait(self, ticks: int) -> list[tuple[int, Request]]:
        """Let ticks pass in which it hears nothing; return all that it asks."""
        return [each for _ in range(ticks) for each in self.hear()]


def test_it_asks_again_until_it_is_answered_and_then_only_every_so_often() -> None:
    one = One(1)
    assert one.hear() == [(0, Claim(0, 0, 0, 100))]
    assert [request.asked for _, request in one.wait(7)] == [103, 106]
    one.hear(pack_answer(0, (Held(1, 106, 0),)))  # in tick 108
    assert one.claims.left("a") == 106 + LEASE.hold_ticks - 108
    renewals = one.wait(8)
    assert renewals == [(0, Claim(0, 0, 1, tick)) for tick in (112, 115)]  # the second as there was no answer


def test_by_its_own_clock_it_stops_when_nobody_answers() -> None:
    one = One(1)
    one.hear()
    one.hear(pack_answer(0, (Held(1, 100, 0),)))
    one.wait(100 + LEASE.hold_ticks - 1 - one.tick)
    assert one.claims.left("a") == 1
    one.hear()
    assert one.claims.left("a") == 0
    assert one.claims.grant("a") is not None  # for all that it knows


def test_what_it_gave_back_it_does_not_use_again_and_says_so_until_the_dock_has_moved_on() -> None:
    one = One(1)
    one.hear()
    one.hear(pack_answer(0, (Held(1, 100, 0),)))
    one.claims.wanted = frozenset()
    assert one.hear() == [(0, Release(0, 0, 1, 102))]
    one.claims.wanted = frozenset({"a"})
    assert [type(request) for _, request in one.wait(9)] == [Release] * 3
    one.hear(pack_answer(0, (Held(1, 101, 0),)))  # a renewal that was on its way
    assert one.claims.left("a") == 0
    assert one.hear(pack_answer(0, (Held(2),))) == [(0, Claim(0, 0, 2, one.tick))]


def test_it_asks_for_a_free_place_and_when_it_hears_of_one_at_once() -> None:
    one = One(2)
    taken = (Held(2, 50, 1), Held(1, 60, 2))
    one.hear(pack_answer(0, taken))
    assert one.hear(pack_answer(0, (taken[0], Held(3)))) == [(0, Claim(0, 1, 3, 101))]


def test_of_those_who_wait_the_emptier_one_asks_first() -> None:
    def asks_after(charge: float) -> int:
        one = One(1)
        one.claims.charge = charge
        one.hear(pack_answer(0, (Held(1, 50, 1),)))
        free = one.tick + 1
        return next(r.asked - free for r in (r for _, r in one.hear(pack_answer(0, (Held(2),))) + one.wait(40)))

    # 10 x charge x 3 ticks, in which who has a tenth less asks once
    assert [asks_after(charge) for charge in (0.0, 0.2, 0.3, 1.0)] == [0, 6, 9, 30]


def test_nobody_waits_where_nobody_else_did() -> None:
    one = One(1)
    one.claims.charge = 1.0
    assert one.hear() == [(0, Claim(0, 0, 0, 100))]


def test_of_two_places_that_came_to_it_it_gives_the_newer_back() -> None:
    one = One(2)
    one.hear()
    assert one.hear(pack_answer(0, (Held(2, 100, 0), Held(1, 100, 0)))) == [(0, Release(0, 0, 2, 101))]
    grant = one.claims.grant("a")
    assert grant is not None
    assert one.claims.berth("a", grant) == (0, 1)


def test_a_restarted_robot_that_wants_nothing_gives_back_what_it_has() -> None:
    one = One(1)
    one.claims.wanted = frozenset()
    assert one.hear(pack_answer(0, (Held(7, 90, 0),))) == [(0, Release(0, 0, 7, 100))]


def test_after_a_crash_it_uses_nothing_that_it_has_not_asked_for_since() -> None:
    one = One(1)
    assert one.hear(pack_answer(0, (Held(7, 99, 0),))) == [(0, Claim(0, 0, 7, 100))]
    assert one.claims.left("a") == 0
    one.hear(pack_answer(0, (Held(7, 100, 0),)))
    assert one.claims.left("a") > 0


def test_older_answers_and_replays_count_for_nothing() -> None:
    one = One(1)
    one.hear(pack_answer(0, (Held(7, 100, 0),)))
    newer = one.claims.holders(0)
    for old in (Held(7, 99, 0), Held(6), Held(5, 300, 0), Held(3, 90, 2)):
        one.hear(pack_answer(0, (old,)))
        assert one.claims.holders(0) == newer


@pytest.mark.parametrize(
    "packet", [b"SD", b"SD\x00", b"SD\x09\x91\x93\x07\x64\x00", b"SD\x00\xc0", b"SD\x00\x91\x93\x07"]
)
def test_answers_that_are_none_are_passed_over(packet: bytes) -> None:
    one = One(1)
    one.hear(packet)
    assert one.claims.holders(0) == []


def test_what_is_not_from_docks_is_left_to_others() -> None:
    one = One(1)
    one.claims.begin(100)
    packets = [b"SC\x01", pack_answer(0, (Held(7, 90, 1),)), b"SJ"]
    assert one.claims.hear(packets) == [b"SC\x01", b"SJ"]
    assert [grant.robot for grant in one.claims.holders(0)] == [1]


def test_what_was_not_heard_for_a_lease_may_be_free_again() -> None:
    one = One(2)
    assert one.claims.load("a") == 0.0
    one.hear(pack_answer(0, (Held(7, 90, 1), Held(8, 90, 2))))
    assert one.claims.load("a") == 1.0
    one.wait(LEASE.lease_ticks)
    assert one.claims.load("a") == 0.0


# --- signed answers ---------------------------------------------------------------------------------------------------

KEY, OTHER, SWARM = PrivateKey(bytes(32)), PrivateKey(b"\x01" * 32), b"north"


def trusting() -> Devices:
    known = ((device("a"), Identity(KEY.public)), (device("b"), Identity(OTHER.public)))
    return Devices(Trust(SWARM, "identity", (), devices=known))


@pytest.mark.parametrize(
    ("signed", "cause"),
    [
        (voice(KEY, SWARM)(pack_answer(0, (Held(7, 100, 0),))), None),
        (pack_answer(0, (Held(7, 100, 0),)), "forged"),
        (voice(OTHER, SWARM)(pack_answer(0, (Held(7, 100, 0),))), "forged"),  # by the other dock
        (voice(KEY, b"south")(pack_answer(0, (Held(7, 100, 0),))), "forged"),  # for another swarm
        (voice(KEY, SWARM)(pack_answer(1, (Held(7, 100, 0),))), "forged"),  # in the name of the other dock
    ],
)
def test_where_frames_are_sealed_only_the_dock_itself_is_believed(signed: bytes, cause: str | None) -> None:
    devices = trusting()
    one = One(1, 1, devices=devices)
    one.hear(signed)
    assert (one.claims.grant("a") is not None) == (cause is None)
    assert one.claims.grant("b") is None
    assert dict(devices.refused) == ({} if cause is None else {cause: 1})


# --- the dock ---------------------------------------------------------------------------------------------------------


def note(request: Request, dock: int = 0) -> tuple[Raw, ...]:
    return (packed(Note(CLAIM, Raw(_encode((dock, Raw(pack(request))))))),)


def test_a_dock_answers_all_who_asked_at_once_and_nobody_who_did_not() -> None:
    station = Station(0, 1, LEASE, EARS)
    assert station.step([]) is None
    assert station.step([frame(1, 5, ()), b"noise"]) is None
    first, second = frame(1, 5, note(Claim(1, 0, 0, 5))), frame(2, 5, note(Claim(2, 0, 0, 5)))
    assert station.step([first, second]) == pack_answer(0, (Held(1, 5, 1),))
    assert station.held == ((1, 1),)


@pytest.mark.parametrize("words", [note(Claim(1, 0, 0, 5), dock=1), note(Claim(2, 0, 0, 5)), note(Claim(1, 3, 0, 5))])
def test_what_is_for_another_dock_or_in_another_name_changes_nothing(words: tuple[Raw, ...]) -> None:
    station = Station(0, 1, LEASE, EARS)
    station.step([frame(1, 5, words)])
    assert station.held == ()


def test_what_a_dock_gave_is_on_its_disk_before_it_answers() -> None:
    station = Station(0, 1, LEASE, EARS)
    station.step([frame(1, 5, note(Claim(1, 0, 0, 5)))])
    assert station.disk.state == (Held(1, 5, 1),)
    station.start()
    assert station.admits(0, 1)
    for _ in range(LEASE.lease_ticks):
        station.step([])
    assert not station.admits(0, 1)
    assert station.disk.state == (Held(2),)


# --- in bad times -----------------------------------------------------------------------------------------------------


class Times:
    """Robots and one dock, whose clocks drift, on a radio that loses, delays and doubles; all of them crash."""

    def __init__(self, seed: int, places: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.orders, self.places = orders(places), places
        self.station = Station(0, places, LEASE, EARS)
        self.clocks = [100.0 * (robot + 1) for robot in range(ROBOTS)]
        self.rates = [*self.rng.uniform(1 - DRIFT, 1 + DRIFT, ROBOTS + 1)]
        self.robots = [self.switched_on() for _ in range(ROBOTS)]
        self.off = [0] * (ROBOTS + 1)  # ticks for which each robot, and the dock, has no power
        self.cut = [0] * ROBOTS  # ticks for which each robot neither hears nor is heard
        self.phase, self.now, self.bad = 0.0, 0, True
        self.on_air: list[tuple[int, int, bytes]] = []  # when it arrives, where, and what
        self.served = [0] * ROBOTS  # ticks for which each has used a place
        self.shared = 0  # ticks for which two have used one

    def switched_on(self) -> Claims:
        found = Claims(0, self.orders)
        found.wanted = frozenset({"a"} if self.rng.random() < 0.7 else ())
        return found

    def send(self, to: int, packet: bytes) -> None:
        for _ in range(1 + (self.bad and self.rng.random() < 0.2)):
            if not self.bad or self.rng.random() >= 0.3:
                late = int(self.rng.integers(1, 4)) if self.rng.random() < 0.7 else int(self.rng.integers(1, 50))
                self.on_air.append((self.now + (late if self.bad else 1), to, packet))

    def arrived(self, to: int) -> list[bytes]:
        found = [packet for when, where, packet in self.on_air if where == to and when <= self.now]
        self.on_air = [each for each in self.on_air if each[1] != to or each[0] > self.now]
        return [] if self.off[to] or (to < ROBOTS and self.cut[to]) else found

    def step(self) -> None:
        """One tick of true time."""
        self.now += 1
        for robot in range(ROBOTS):
            self.let_pass(robot)
        self.phase += self.rates[ROBOTS]
        packets = self.arrived(ROBOTS)
        if not self.off[ROBOTS]:
            while self.phase >= 1.0:
                self.phase -= 1.0
                answer = self.station.step(packets)
                packets = []
                for robot in range(ROBOTS) if answer is not None else ():
                    self.send(robot, answer or b"")
        self.phase %= 1.0
        self.count()

    def let_pass(self, robot: int) -> None:
        before, self.clocks[robot] = int(self.clocks[robot]), self.clocks[robot] + self.rates[robot]
        heard = self.arrived(robot)
        for tick in range(before + 1, int(self.clocks[robot]) + 1):
            if not self.off[robot]:
                claims = self.robots[robot]
                claims._own = robot
                claims.begin(tick)
                claims.hear(heard)
                notes = claims.due()
                if notes and not self.cut[robot]:
                    self.send(ROBOTS, frame(robot, tick, notes))
            heard = []

    def count(self) -> None:
        """Note who may use which place, by its own clock."""
        using: list[int] = []
        for robot in range(ROBOTS):
            claims = self.robots[robot]
            if not self.off[robot] and claims.left("a") > 0:
                grant = claims.grant("a")
                assert grant is not None
                using.append(grant.slot)
                self.served[robot] += 1
        self.shared += len(using) > len(set(using))

    def gives_back(self, robot: int) -> bool:
        """Tell whether a robot has said that it is done, and was not answered: then a crash is worst."""
        if robot == ROBOTS:
            return False
        claims = self.robots[robot]
        known = enumerate(claims._known[0])
        return any(held.robot == robot and claims._given.get((0, slot)) == held.version for slot, held in known)

    def restart(self, which: int) -> None:
        """Let a robot, or the dock, come back with what it has stored, which for a robot is nothing."""
        if which == ROBOTS:
            self.station.start()
        else:
            self.robots[which] = self.switched_on()

    def heal(self) -> None:
        """Let everything be well from now on, and count anew."""
        for which in np.flatnonzero(self.off).tolist():
            self.restart(which)
        self.bad, self.off, self.cut, self.served = False, [0] * (ROBOTS + 1), [0] * ROBOTS, [0] * ROBOTS

    def upset(self) -> None:
        """Let wishes change, and things crash and come back."""
        for each in range(ROBOTS + 1):
            if self.off[each]:
                self.off[each] -= 1
                if not self.off[each]:
                    self.restart(each)
            elif self.rng.random() < (0.3 if self.gives_back(each) else 0.01):
                self.off[each] = int(self.rng.integers(1, 6))
        for robot in range(ROBOTS):
            if self.cut[robot] or self.rng.random() < 0.01:
                self.cut[robot] = self.cut[robot] - 1 if self.cut[robot] else int(self.rng.integers(20, 80))
            if self.rng.random() < 0.1:
                self.robots[robot].wanted = frozenset({"a"} if self.rng.random() < 0.7 else ())


def bad(seed: int, ticks: int = 500) -> Times:
    times = Times(seed, places=1 + seed % 2)
    for _ in range(ticks):
        times.upset()
        times.step()
    return times


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_may_use_one_place_and_all_get_it_once_messages_arrive(seed: int) -> None:
    times = bad(seed)
    assert sum(times.served) > 0
    times.heal()
    for _ in range(400):  # a lease and some, and then one after the other
        for robot in range(ROBOTS):
            times.robots[robot].wanted = frozenset({"a"} if times.served[robot] < 10 else ())
        times.step()
    assert times.shared == 0
    assert min(times.served) >= 10


def first_shared(seeds: range = SEEDS) -> int | None:
    """Return the first seed with which two may use one place, or None."""
    return next((seed for seed in seeds if bad(seed).shared), None)


def no_compare(self: Arbiter, held: Held, request: Request) -> bool:
    return isinstance(request, Claim) or request.robot == held.robot


def no_tick(self: Arbiter, held: Held, request: Request) -> bool:
    return request.version == held.version and held.robot in (NOBODY, request.robot)


def no_clock(self: Claims, queue: str) -> int:
    grant = self.grant(queue)
    return 10**6 if grant is not None and self._holder is not None and grant.renewed >= self._holder._since else 0


def no_doubt_after_a_crash(self: Holder, now: int, renewed: int) -> bool:
    return 1 <= renewed <= now < renewed + LEASE.hold_ticks


MUTANTS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "a dock that does not compare versions": (Arbiter, "fits", no_compare),
    "a release without tick": (Arbiter, "fits", no_tick),
    "a robot that ignores its own clock": (Claims, "left", no_clock),
    "a robot that goes on after a crash with what it had": (Holder, "may_use", no_doubt_after_a_crash),
    "a dock that forgets": (arbiters.Disk, "save", lambda self, state: None),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_without_one_of_its_rules_two_share_a_place(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_shared(range(20)) is None
    owner, what, mutant = MUTANTS[name]
    monkeypatch.setattr(owner, what, mutant)
    assert first_shared() is not None
