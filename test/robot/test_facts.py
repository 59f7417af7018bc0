"""The log on robots: what goes over the mesh, how soon it is settled, and what a crash or a full frame leaves of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from msgspec import Raw

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.machines import Machines, Report, Reports, pack, pack_report, read_report, unpack
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.chunks import digest_of
from swarm_consensus.agreement.raft.messages import (
    MEMBERS,
    Append,
    Chunk,
    Config,
    Entry,
    Forward,
    Ready,
    Snapshot,
    Vote,
    VoteRequest,
)
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.raft.state import State
from swarm_consensus.agreement.requests import MOST, Requests
from swarm_consensus.agreement.sessions import Outcome
from swarm_consensus.network.frame import (
    ROOM,
    Claims,
    Frame,
    Note,
    Parcels,
    Sightings,
    decode,
    encode,
    messages_of,
    packed,
)
from swarm_consensus.network.mesh import Mesh
from swarm_consensus.robot import agent, speech
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.facts import BACKLOG, Facts, FactsOrders
from swarm_consensus.robot.state import Standing

SETTINGS = Settings(election_ticks=30, heartbeat_ticks=8, delay_ticks=6)
NAMES = [f"r{i}" for i in range(9)]
_decoder = msgspec.msgpack.Decoder(Parcels)
_encoder = msgspec.msgpack.Encoder()


class Swarm:
    """Robots in a row that only talk; `reach` says how many places away they hear each other."""

    def __init__(self, count: int = 3, voters: int = 3, reach: int = 9, report: int = 0) -> None:
        self.orders = FactsOrders(tuple(range(voters)), SETTINGS, report=report)
        self.disks = [MemoryStorage(self.orders.config(count)) for _ in range(count)]
        self.count, self.reach, self.tick = count, reach, 100
        self.robots = [self.make(i) for i in range(count)]
        self.off: set[int] = set()
        self.hears: Callable[[], bool] = lambda: True
        self.said: list[bytes] = [b""] * count

    def make(self, robot: int) -> Facts:
        return Facts(robot, self.count, self.orders, 20, self.disks[robot])

    def step(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.tick += 1
            before, self.said = self.said, [b""] * self.count
            for i, facts in enumerate(self.robots):
                if i in self.off:
                    continue
                facts.begin(self.tick)
                for j in range(self.count):
                    if j != i and j not in self.off and abs(i - j) <= self.reach and self.hears():
                        facts.meet(j)
                        if before[j]:
                            facts.hear(j, _decoder.decode(before[j]))
                facts.act()
                self.said[i] = b"".join(map(bytes, facts.take(1000)))

    def end_reports(self) -> None:
        for robot in self.robots:
            robot._orders = replace(robot._orders, report=0)
        self.step(60)  # what is on its way arrives

    def standing(self, robot: int) -> Standing:
        found = self.robots[robot].standing(NAMES)
        assert found is not None
        return found

    def leader(self) -> int:
        for _ in range(300):
            self.step()
            known = {self.standing(i).leader for i in range(self.count) if i not in self.off}
            if len(known) == 1 and (name := known.pop()):
                return NAMES.index(name)
        raise AssertionError("no leader in 300 ticks")

    def settled(self, robot: int) -> int:
        return self.standing(robot).commit

    def propose(self, robot: int, data: bytes = b"x") -> None:
        replica = self.robots[robot]._replica
        assert replica
        assert replica.node.propose(pack("reports", data))


def test_one_robot_alone_settles_what_it_says() -> None:
    swarm = Swarm(count=1, voters=1, report=20)
    swarm.step(300)
    assert swarm.settled(0) > 10
    assert swarm.robots[0].mesh.sent == 0


def test_at_one_hop_a_command_is_settled_in_two_ticks() -> None:
    swarm = Swarm(count=5, voters=5)
    leader = swarm.leader()
    swarm.step(20)
    before = swarm.settled(leader)
    swarm.propose(leader)
    waited = 0
    while swarm.settled(leader) == before:
        swarm.step()
        waited += 1
    # the request is in the tick in which it is sent; one tick to the others, one back
    assert waited <= 3


@pytest.mark.parametrize("hops", [1, 2, 4])
def test_all_get_it_and_learners_too_a_tick_a_hop(hops: int) -> None:
    swarm = Swarm(count=hops + 1, voters=1, reach=1)
    assert swarm.leader() == 0
    swarm.step(30)
    before = swarm.settled(hops)
    swarm.propose(0)
    swarm.step(1 + hops + hops + hops)  # said, heard by the last; and that it is settled, once it is known
    assert swarm.settled(hops) == before + 1


def test_every_robot_has_the_same_log_and_what_all_reported_is_in_it() -> None:
    swarm = Swarm(count=6, voters=3, reach=2, report=20)
    swarm.step(600)
    swarm.end_reports()
    assert len({(swarm.standing(i).index, swarm.standing(i).digest) for i in range(6)}) == 1
    entries = swarm.disks[5].load().entries
    said = [unpack(msgspec.msgpack.decode(e.data)[3]) for e in entries if e.kind == 1 and len(e.data) > 8]
    reports = [read_report(each[1]) for each in said if each]
    assert {report.robot for report in reports if report} == set(range(6))
    keys = [(report.robot, report.tick) for report in reports if report]
    assert len(keys) == len(set(keys))


def test_a_leader_that_dies_is_followed_by_another_and_comes_back_with_its_disk() -> None:
    swarm = Swarm(count=3, voters=3, report=20)
    first = swarm.leader()
    swarm.step(100)
    term, before = swarm.standing(first).term, swarm.settled(first)
    swarm.off = {first}
    swarm.step(2 * SETTINGS.election_ticks)
    second = swarm.leader()
    assert second != first
    swarm.step(200)
    swarm.off = set()
    swarm.robots[first] = swarm.make(first)
    swarm.step(100)
    swarm.end_reports()
    assert swarm.standing(first).term > term
    assert swarm.settled(first) == swarm.settled(second) > before
    assert swarm.standing(first).digest == swarm.standing(second).digest


def test_without_a_majority_nothing_is_settled_and_with_it_again_all_is() -> None:
    swarm = Swarm(count=3, voters=3, report=20)
    swarm.leader()
    swarm.step(100)
    alone = 0
    swarm.off = {1, 2}
    swarm.step(5)
    before = swarm.settled(alone)
    swarm.step(300)
    assert swarm.settled(alone) == before
    swarm.off = set()
    swarm.step(200)
    assert swarm.settled(alone) > before


def test_the_same_words_to_several_go_over_the_air_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[list[int], bytes]] = []
    send = Mesh.send

    def note(self: Mesh, to: Sequence[int], payload: bytes) -> bool:
        sent.append((list(to), payload))
        return send(self, to, payload)

    monkeypatch.setattr(Mesh, "send", note)
    swarm = Swarm(count=8, voters=3)
    leader = swarm.leader()
    swarm.step(40)
    beats = [to for to, payload in sent if msgspec.msgpack.decode(payload)[0] == "ra" and len(to) == 7]
    assert len(beats) >= 40 // SETTINGS.heartbeat_ticks
    assert all(leader not in to for to in beats)


def test_a_learner_answers_once_a_round_and_gets_everything_all_the_same() -> None:
    swarm = Swarm(count=4, voters=1)
    assert swarm.leader() == 0
    swarm.step(40)
    answers = 0
    for _ in range(80):
        swarm.propose(0)
        swarm.step()
        answers += sum(b"\xa2rb" in said for said in swarm.said[1:])
    swarm.step(20)
    # 10 rounds, three learners, and each answer is said at least once
    assert 30 <= answers <= 3 * 4 * 10 < 3 * 80
    assert swarm.settled(3) == swarm.settled(0)


def test_commands_wait_while_there_is_more_to_say_than_budget_and_then_go_together() -> None:
    facts = Facts(0, 3, FactsOrders((0,), SETTINGS), 20)
    facts.begin(100)
    facts.act()
    replica = facts._replica
    assert replica
    while replica.node.lead is None:
        facts.begin(facts._tick + 1)
        facts.act()
    while facts.mesh.waits:
        facts.begin(facts._tick + 1)
        facts.take(1000)
    facts.mesh.send([1], bytes(500))
    term, before = replica.node.state.term, replica.node.state.log.last
    facts._heard = [Forward(term, 1, 0, b"x")] * (BACKLOG + 6)
    facts.act()
    assert (replica.node.state.log.last, facts.shed) == (before, 6)
    while facts.mesh.lags:
        facts.begin(facts._tick + 1)
        facts.take(1000)
    facts.act()
    assert replica.node.state.log.last == before + BACKLOG


def after_an_outage(loss: float) -> int:
    """Entries settled in 20 s, by seven robots that report each second, of which two were away for 20 s before."""
    swarm, rng = Swarm(7, 5, report=20), np.random.default_rng(1)
    swarm.hears = lambda: rng.random() >= loss
    swarm.leader()
    swarm.off = {5, 6}
    swarm.step(400)
    swarm.off = set()
    before = swarm.standing(0).commit
    swarm.step(400)
    return swarm.standing(0).commit - before


def test_what_was_missed_is_caught_up_with_while_others_go_on() -> None:
    assert after_an_outage(0.3) >= 0.8 * 7 * 20


def test_a_leader_that_says_it_all_again_while_it_waits_for_its_turn_falls_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Heartbeats overtake entries, are refused, and the entries join the queue once more."""
    never = property(lambda _: False, lambda _, crowded: None)
    monkeypatch.setattr(State, "crowded", never, raising=False)
    assert after_an_outage(0.3) < 0.5 * 7 * 20


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        _encoder.encode(["ra"]),
        _encoder.encode(Append(1, 2, 0, 0, 0, (), 0, 0)),  # says it is of robot 2
        _encoder.encode(VoteRequest(2**60, 1, 0, 0, 0, False, False)),
    ],
)
def test_what_is_none_of_the_logs_is_counted_and_does_nothing(payload: bytes) -> None:
    facts = Facts(0, 3, FactsOrders((0, 1, 2), SETTINGS), 20)
    facts.begin(100)
    mesh = Mesh(1, 3, FactsOrders(()).mesh, 20)
    mesh.begin(100)
    if payload:
        mesh.send([0], payload)
        facts.hear(1, _decoder.decode(bytes(mesh.take(1000)[0])))
        assert facts.faults == 1
    facts.act()
    found = facts.standing(NAMES)
    assert found is not None
    assert (found.term, found.leader) == (0, "")


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"\x91" * 3000, _encoder.encode(([], [])), _encoder.encode(([1, 1], [])), b"\x90"]
)
def test_a_configuration_that_is_none_is_a_fault_and_changes_nothing(data: bytes) -> None:
    swarm = Swarm()
    swarm.leader()
    swarm.step(20)
    robot, term = swarm.robots[0], 10**6
    assert robot._replica is not None
    state = robot._replica.node.state
    voters, last, before = state.members.current, state.log.last, state.faults
    previous = (last, state.log.term_at(last))
    robot.take_in(1, _encoder.encode(Append(term, 1, 0, *previous, (Entry(term, MEMBERS, data),), 0, 1)))
    robot.act()
    assert (state.members.current, state.log.last, state.faults) == (voters, last, before + 1)


def test_ticks_that_were_slept_through_are_counted() -> None:
    facts = Facts(0, 3, FactsOrders((0, 1, 2), SETTINGS), 20)
    facts.begin(100)
    facts.act()
    facts.begin(180)
    facts.act()
    assert facts._replica is not None
    assert facts._replica.node.state.now == 81


def test_a_disk_that_refuses_stops_the_log_and_says_why_and_nothing_else() -> None:
    swarm = Swarm(count=3, voters=3, report=20)
    leader = swarm.leader()
    swarm.disks[leader].broken = "the disk is full"
    swarm.step(60)
    assert swarm.standing(leader).stopped == "the disk is full"
    swarm.step(100)
    rest = {0, 1, 2} - {leader}
    assert len({swarm.standing(i).commit for i in rest}) == 1
    assert swarm.settled(min(rest)) > swarm.settled(leader)


# on a frame


def agents(orders: Callable[..., object], count: int = 3, **changes: object) -> list[Agent]:
    facts = FactsOrders(tuple(range(count)), SETTINGS, report=20)
    return [Agent(orders(index=i, count=count, facts=facts, **changes)) for i in range(count)]  # type: ignore[arg-type]


def fly(robots: list[Agent], at: Callable[..., object], ticks: int) -> list[list[Frame]]:
    heard: list[bytes] = []
    frames: list[list[Frame]] = [[] for _ in robots]
    for tick in range(1, ticks):
        said = []
        for i, robot in enumerate(robots):
            response = robot.tick(at(tick, (2.0 * i, 0.0, 1.0), tuple(heard)))  # type: ignore[arg-type]
            said.append(response.frame)
            assert len(response.frame) <= ROOM
            frames[i].append(decode(response.frame))
        heard = said
    return frames


def test_a_snapshot_that_is_none_stops_the_log_and_stays_off_the_disk() -> None:
    """Where frames are not sealed anybody can say that it leads, and that this is the state."""
    disk = MemoryStorage(FactsOrders((0, 1, 2), SETTINGS).config(3))
    facts = Facts(0, 3, FactsOrders((0, 1, 2), SETTINGS), 20, disk)
    facts.begin(100)
    forged = _encoder.encode(Snapshot(9, 4, Config((0, 1, 2)), b"no state"))
    facts.take_in(1, _encoder.encode(Chunk(5, 1, 0, 9, len(forged), digest_of(forged), 0, forged, 1)))
    facts.act()
    standing = facts.standing(NAMES)
    assert standing is not None
    assert standing.stopped.startswith("a snapshot of the log can't be read by this version")
    assert disk.load().snapshot.index == 0
    again = Facts(0, 3, FactsOrders((0, 1, 2), SETTINGS), 20, disk)  # it starts anew from its disk
    again.begin(101)
    again.act()


def test_a_disk_with_a_snapshot_of_another_version_is_refused_at_once() -> None:
    orders = FactsOrders((0, 1, 2), SETTINGS)
    disk = MemoryStorage(orders.config(3))
    other = Snapshot(9, 4, Config((0, 1, 2)), _encoder.encode(([], b"of tomorrow")))
    disk.save(Ready(Vote(4), other, True, 10, (), [], [], []))
    with pytest.raises(StorageError, match="can't be read by this version"):
        Facts(0, 3, orders, 20, disk)


def test_agents_agree_by_their_frames_alone(orders: Callable[..., object], at: Callable[..., object]) -> None:
    robots = agents(orders)
    fly(robots, at, 200)
    told = [robot._sharing.standing(robot.names) for robot in robots]
    assert len({(each.leader, each.term) for each in told if each}) == 1
    assert all(each and each.commit > 10 for each in told)


def test_without_a_log_the_frames_of_others_that_have_one_are_passed_over(
    orders: Callable[..., object], at: Callable[..., object]
) -> None:
    bare = Agent(orders(index=0, count=3))  # type: ignore[arg-type]
    robots = [bare, *agents(orders)[1:]]
    frames = fly(robots, at, 60)
    assert all(not isinstance(m, Parcels) for frame in frames[0] for m in messages_of(frame))
    assert bare.tick(at(61)).status.facts is None  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize("gives_way", [True, False])
def test_in_a_full_frame_sightings_give_way_or_the_log_would_stand_still(
    orders: Callable[..., object], at: Callable[..., object], monkeypatch: pytest.MonkeyPatch, gives_way: bool
) -> None:
    bare = fly([Agent(orders(index=i, count=5, radio_range=30.0)) for i in range(5)], at, 150)  # type: ignore[arg-type]
    full = [frame for frames in bare for frame in frames if not any(isinstance(m, Claims) for m in messages_of(frame))]
    left = ROOM - max(map(len, map(encode, full)))
    robots = agents(orders, count=5, radio_range=30.0)
    filler = packed(Note("go_to", Raw(_encoder.encode(bytes(left - 60)))))  # leaves some 40 bytes, besides sightings
    monkeypatch.setattr(agent, "note", lambda topic, words: (filler,))
    if not gives_way:
        monkeypatch.setattr(speech, "PARCEL", 0)
    frames = fly(robots, at, 300)
    told = [robot._sharing.standing(robot.names) for robot in robots]
    assert all(each and (each.commit > 5) == gives_way for each in told)
    late = frames[0][100:]
    assert sum(any(isinstance(m, Sightings) for m in messages_of(f)) for f in late) >= len(late) // 2


# what is asked


def opened(requests: Requests) -> None:
    data = requests.due(100)
    assert data is not None
    requests.hear([Outcome(7, msgspec.msgpack.decode(data)[1], "opened")])


def test_requests_go_one_after_the_other_each_until_it_is_answered() -> None:
    requests = Requests(own=3, again=10)
    assert requests.due(1) is None
    requests.ask(b"a")
    requests.ask(b"b")
    opened(requests)
    first = requests.due(101)
    assert first is not None
    assert requests.due(110) is None
    assert requests.due(111) == first
    assert requests.hear([Outcome(8, 1, "done", b"not mine"), Outcome(7, 1, "done", b"1")])[0].data == b"a"
    assert requests.due(112) not in (None, first)
    (answer,) = requests.hear([Outcome(7, 2, "done", b"2")])
    assert (answer.data, answer.answer, answer.known) == (b"b", b"2", True)
    assert len(requests) == 0


def test_where_the_session_is_gone_the_outcome_is_not_known_and_a_new_one_begins() -> None:
    requests = Requests(own=3, again=10)
    requests.ask(b"a")
    requests.ask(b"b")
    opened(requests)
    requests.due(101)
    (answer,) = requests.hear([Outcome(7, 1, "expired")])
    assert not answer.known
    assert msgspec.msgpack.decode(requests.due(102) or b"")[0] == 0  # opens a session


def test_more_than_can_wait_is_refused() -> None:
    requests = Requests(own=0, again=1)
    assert [requests.ask(bytes([each])) for each in range(MOST + 1)] == [True] * MOST + [False]


def test_what_waits_already_is_not_added_however_often_it_is_asked() -> None:
    requests = Requests(own=0, again=1)
    assert [requests.ask(data) for data in (b"begin", b"end", b"begin", b"begin")] == [True] * 4
    assert len(requests) == 2


def test_machines_answer_nothing_to_nonsense_and_restore_to_the_same() -> None:
    machines = Machines({"reports": Reports()})
    assert machines.apply(1, b"\xc1") == b""
    assert machines.apply(2, pack("nobody", b"")) == b""
    assert machines.apply(3, pack("reports", b"?")) == _encoder.encode(0)
    assert machines.apply(4, pack("reports", pack_report(Report(1, 20)))) == _encoder.encode(1)
    again = Machines({"reports": Reports()})
    again.restore(machines.snapshot())
    assert (again.index, again.digest, again.snapshot()) == (4, machines.digest, machines.snapshot())
    rng = np.random.default_rng(0)
    for index in range(5, 40):
        command = pack("reports", pack_report(Report(int(rng.integers(3)), index)))
        assert machines.apply(index, command) == again.apply(index, command)
        assert machines.digest == again.digest


def test_the_digest_tells_other_places_from_the_same_commands() -> None:
    one, other = Machines({}), Machines({})
    one.apply(1, b"a")
    other.apply(2, b"a")
    assert one.digest != other.digest
