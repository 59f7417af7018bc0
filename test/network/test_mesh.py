"""The mesh: everything arrives once, by neighbours only, within room, budget and memory, whatever others say."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from neighbourhood import Air, Links, row

from swarm_consensus.errors import InputError
from swarm_consensus.network.frame import MTU, Parcels, packed
from swarm_consensus.network.mesh import TRACKS, Mesh, MeshSettings
from swarm_consensus.network.mesh_parts import (
    FRAGMENT,
    LARGEST,
    PARTS,
    PER_TICK,
    UNFINISHED,
    UNKNOWN,
    WIDEST,
    Parcel,
    Reassembly,
    read,
    split,
    write,
)


def hears(mesh: Mesh, *parcels: Parcel | bytes, sender: int = 1) -> list[tuple[int, bytes]]:
    raws = tuple(write(each) if isinstance(each, Parcel) else Raw(each) for each in parcels)
    return list(mesh.hear(sender, Parcels(raws)))


def awake(count: int = 3, tick: int = 1000, **changes: int) -> Mesh:
    mesh = Mesh(0, count, MeshSettings(**changes), 20)
    mesh.begin(tick)
    return mesh


def parcels(payload: bytes, origin: int = 1, tick: int = 1000, place: int = 0, to: bytes = b"\1") -> list[Parcel]:
    return split(origin, tick * PER_TICK + place, to, payload, UNKNOWN)


@st.composite
def connected(draw: st.DrawFn) -> Links:
    """Draw a connected graph: a tree and some more links."""
    count = draw(st.integers(2, 9))
    links: Links = {0: set()}
    for i in range(1, count):
        j = draw(st.integers(0, i - 1))
        links[i] = {j}
        links[j].add(i)
    for i, j in draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=8)):
        if i != j:
            links[i].add(j)
            links[j].add(i)
    return links


def test_alone_it_sends_nothing_and_says_so() -> None:
    mesh = awake(count=1)
    assert not mesh.send([0], b"x")
    assert mesh.take(1000) == ()
    assert mesh.counts["refused"] == 1


def test_a_message_needs_a_tick_a_hop() -> None:
    air = Air(row(5))
    air.send(0, range(5), b"hello")
    air.step(8)
    # said in the first tick; the first neighbour hears it in the second
    assert [air.when[i, b"hello"] - air.tick + 8 for i in range(1, 5)] == [2, 3, 4, 5]


def test_who_is_no_neighbour_gets_it_only_through_others() -> None:
    links = row(4)
    links[1].discard(2)
    links[2].discard(1)
    air = Air(links)
    air.send(0, [1, 2, 3], b"hello")
    air.step(30)
    assert [len(got) for got in air.got] == [0, 1, 0, 0]


@settings(max_examples=60, deadline=None)
@given(connected(), st.data())
def test_everything_arrives_exactly_once_and_as_it_was(links: Links, data: st.DataObject) -> None:
    air = Air(links)
    robots = st.integers(0, len(links) - 1)
    wanted: list[list[tuple[int, bytes]]] = [[] for _ in links]
    for number in range(data.draw(st.integers(1, 6))):
        origin, to = data.draw(robots), data.draw(st.sets(robots, min_size=1))
        payload = bytes([number]) + data.draw(st.binary(max_size=400))
        if to - {origin}:
            air.send(origin, to, payload)
            for each in to - {origin}:
                wanted[each].append((origin, payload))
        air.step(data.draw(st.integers(0, 4)))
    air.step(60)
    assert [sorted(got) for got in air.got] == [sorted(want) for want in wanted]


@settings(max_examples=30, deadline=None)
@given(connected(), st.integers(0, 2**32))
def test_with_losses_nothing_comes_twice_or_altered(links: Links, seed: int) -> None:
    rng = np.random.default_rng(seed)
    air = Air(links, loses=lambda *_: rng.random() < 0.3)
    sent = []
    for k in range(12):
        origin = k % len(links)
        sent.append((origin, bytes([k]) * (1 + 30 * k)))
        air.send(origin, range(len(links)), sent[-1][1])
        air.step(2)
    air.step(50)
    for robot, got in enumerate(air.got):
        assert len(got) == len(set(got))
        assert set(got) <= {each for each in sent if each[0] != robot}


def test_losses_are_made_good_by_saying_it_again() -> None:
    lost = {(0, 1), (1, 2)}  # the first two times that anything is said here
    times: dict[tuple[int, int], int] = {}

    def loses(sender: int, to: int, tick: int) -> bool:
        if air.meshes[sender].sent == 0 or (sender, to) not in lost:
            return False
        times[sender, to] = times.get((sender, to), 0) + 1
        return times[sender, to] <= 2

    air = Air(row(3), loses=loses)
    air.send(0, [2], b"hello")
    air.step(12)
    assert air.got[2] == [(0, b"hello")]


def test_the_hop_limit_ends_the_way() -> None:
    air = Air(row(5), MeshSettings(hops=2))
    air.send(0, range(5), b"hello")
    air.step(30)
    assert [len(got) for got in air.got] == [0, 1, 1, 1, 0]  # passed on by robots 1 and 2


class Blind(Mesh):
    """Knows no distances."""

    def distance(self, robot: int) -> int:
        """Return that it is not known."""
        return UNKNOWN


def test_to_one_it_goes_by_the_shortest_ways_only() -> None:
    # a row of 3, and a tail of 3 behind the origin, which has nothing to do with it
    def spent(kind: type[Mesh]) -> tuple[int, list[int]]:
        air = Air(row(6), kind=kind)
        air.send(5, range(5), b"so all know how far robot 5 is")
        air.step(20)
        before = [mesh.sent for mesh in air.meshes]
        air.send(3, [5], b"x" * 50)
        air.step(16)
        assert air.got[5] == [(3, b"x" * 50)]
        return air.spent - sum(before), [mesh.sent - b for mesh, b in zip(air.meshes, before, strict=True)]

    _, by = spent(Mesh)
    assert by[:3] == [0, 0, 0]
    assert spent(Blind)[0] > 2 * spent(Mesh)[0]


def test_where_all_is_heard_nobody_says_it_again() -> None:
    air = Air(row(2))
    air.send(0, [1], b"hello")
    air.step(20)
    (parcel,) = split(0, 1000 * PER_TICK, b"\2", b"hello", 1)
    around = len(packed(Parcels(()))) + len(write(parcel))
    assert air.meshes[0].sent == around  # once
    assert air.meshes[1].sent == around - len(b"hello")  # it says that it is here


def test_a_long_message_is_cut_to_the_room_there_is() -> None:
    air = Air(row(3))
    air.room = 230
    payload = bytes(range(250)) * 4 + bytes(LARGEST - 1000)
    air.send(0, [2], payload)
    for _ in range(60):
        air.step()
        assert max(map(len, air.said)) <= 230
    assert air.got[2] == [(0, payload)]


def test_a_parcel_is_never_wider_than_the_room_that_is_kept_for_it() -> None:
    widest = Parcel(255, 2**53, bytes([255]) * 32, 255, UNKNOWN, PARTS - 1, PARTS, b"1234", bytes(FRAGMENT))
    assert len(write(widest)) <= FRAGMENT + WIDEST


def test_it_stays_within_its_budget() -> None:
    spends = MeshSettings(bytes_s=1000)
    air = Air(row(3), spends)
    for k in range(200):
        for robot in range(3):
            air.send(robot, range(3), bytes([k % 250]) * 100)
        air.step()
    # 200 ticks are 10 s, and at first a frame may have been saved up
    assert all(mesh.sent <= 10 * 1000 + MTU for mesh in air.meshes)
    assert all(mesh.sent > 9 * 1000 for mesh in air.meshes)


def test_who_has_much_to_say_leaves_the_others_their_turn() -> None:
    mesh = awake(bytes_s=2000)
    for place in range(60):
        hears(mesh, *parcels(bytes([place]) * 100, origin=1, place=place, to=b"\4"))
    hears(mesh, *parcels(b"y" * 100, origin=2, to=b"\2"))
    mesh.begin(1020)  # one second of 2000 bytes
    said = [read(raw) for raw in msgspec.msgpack.decode(bytes(mesh.take(400)[0]), type=Parcels).entries]
    assert 2 in [each.origin for each in said if each]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60)))
def test_garbage_is_counted_and_does_nothing(rubbish: list[bytes]) -> None:
    mesh = awake()
    good = [bytes(msgspec.msgpack.encode(each)) for each in rubbish]  # whole MessagePack, or no frame would come of it
    assert hears(mesh, *good) == []
    assert mesh.counts["garbage"] == len(rubbish)
    assert mesh.take(1000) == ()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"origin": 3}, "stranger"),
        ({"to": b"\1\1"}, "stranger"),
        ({"to": b""}, "stranger"),
        ({"number": 1003 * PER_TICK}, "future"),
        ({"number": 959 * PER_TICK}, "stale"),
        ({"hops": 17}, "far"),
        ({"part": 1}, "garbage"),
    ],
)
def test_what_can_not_be_is_refused_by_cause(change: dict[str, object], cause: str) -> None:
    mesh = awake()
    (sound,) = parcels(b"hello")
    assert hears(mesh, msgspec.structs.replace(sound, **change)) == []
    assert mesh.dropped() == dict.fromkeys(mesh.dropped(), 0) | {cause: 1}
    assert hears(mesh, sound) == [(1, b"hello")]


def test_a_forged_part_spoils_a_message_and_never_alters_it() -> None:
    mesh = awake()
    first, second = parcels(b"a" * FRAGMENT + b"b")
    forged = msgspec.structs.replace(second, data=b"c")
    assert hears(mesh, first, forged, second) == []
    assert mesh.dropped()["forged"] == 1


def test_parts_of_two_messages_of_one_number_do_not_mix() -> None:
    mesh = awake()
    one, other = parcels(b"a" * FRAGMENT + b"b"), parcels(b"c" * FRAGMENT + b"d")
    assert hears(mesh, one[0], other[1]) == []
    assert mesh.held <= 2 * FRAGMENT


def test_an_address_can_not_be_changed_on_the_way() -> None:
    mesh = awake()
    (sound,) = parcels(b"hello", to=b"\4")
    assert hears(mesh, msgspec.structs.replace(sound, to=b"\5")) == []
    assert mesh.dropped()["forged"] == 1


def test_unfinished_messages_are_bounded_and_counted() -> None:
    parts, count = Reassembly(), 8
    for place in range(2000):
        for origin in range(count):
            for parcel in parcels(bytes(LARGEST), origin=origin, place=place)[:-1]:
                parts.add(parcel)
    assert parts.held <= count * UNFINISHED * LARGEST
    assert parts.unfinished == count * (2000 - UNFINISHED)


def test_what_is_remembered_and_passed_on_is_bounded() -> None:
    mesh = awake(count=3)
    for place in range(1000):
        hears(mesh, *parcels(bytes(FRAGMENT), place=place % PER_TICK, tick=1000 - place // PER_TICK, to=b"\4"))
    assert mesh.counts["crowded"] == 1000 - TRACKS
    assert mesh.held == TRACKS * FRAGMENT


def test_what_is_too_old_is_forgotten_and_never_taken_in_again() -> None:
    mesh = awake(count=3)
    (parcel,) = parcels(b"hello")
    assert hears(mesh, parcel) == [(1, b"hello")]
    for tick in range(1001, 1100):
        mesh.begin(tick)
        assert hears(mesh, parcel) == []
    assert not mesh._tracks[1]


def test_after_a_restart_its_messages_are_new() -> None:
    air = Air(row(2))
    air.send(0, [1], b"before")
    air.step(3)
    air.meshes[0] = Mesh(0, 2, MeshSettings(), 20)
    air.step()  # a tick is over before it is back
    air.send(0, [1], b"after")
    air.step(5)
    assert [payload for _, payload in air.got[1]] == [b"before", b"after"]


@pytest.mark.parametrize("size", [0, LARGEST + 1])
def test_a_message_of_no_size_is_refused(size: int) -> None:
    mesh = awake()
    assert not mesh.send([1], bytes(size))


def test_no_more_messages_than_a_tick_has_numbers() -> None:
    mesh = awake()
    assert [mesh.send([1], b"x") for _ in range(PER_TICK + 1)] == [True] * PER_TICK + [False]


def test_settings_that_can_not_be_are_named() -> None:
    with pytest.raises(InputError) as error:
        Mesh(0, 2, MeshSettings(bytes_s=10, tells=0), 20)
    assert error.value.problems == ("bytes_s is 10, must be from 500 to 1000000", "tells is 0, must be from 1 to 16")


def test_the_message_of_a_frame_is_what_is_counted() -> None:
    mesh = awake()
    mesh.send([1], b"hello")
    (raw,) = mesh.take(1000)
    assert mesh.sent == len(raw)
    assert packed(msgspec.msgpack.decode(bytes(raw), type=Parcels)) == raw
