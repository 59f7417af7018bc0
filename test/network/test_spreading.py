"""Bundles: manifests, paths, lying and silent relays, crashes, and any bytes at all. About 10 s."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from bundles import KEY, Mesh
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.network.bundle_file import BundleFile
from swarm_consensus.network.frame import Frame, encode
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.manifest import (
    LARGEST,
    BundleFault,
    Manifest,
    Nodes,
    check,
    sign,
    steps,
)
from swarm_consensus.network.merkle import MerkleTree
from swarm_consensus.network.seal import ROOM
from swarm_consensus.network.spreading import Chunk, Offer, Pace, Transfer, Want, identifier, pack, unpack

DATA = np.random.default_rng(0).bytes(9_000)
SMALL = 64  # bytes of a chunk: 141 of them
OTHER = PrivateKey(bytes(32))


# manifests


def test_a_commanders_manifest_is_in_order() -> None:
    manifest = sign("map", 3, DATA, KEY)
    check(manifest, [OTHER.public, KEY.public])
    assert manifest.chunks == 18
    assert sum(manifest.length(index) for index in range(18)) == len(DATA)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"signature": b""}, "its root is not signed"),
        ({"signature": bytes(64)}, "the signature does not fit"),
        ({"size": 9_001}, "the signature does not fit"),
        ({"number": 4}, "the signature does not fit"),
        ({"name": "plan"}, "the signature does not fit"),
        ({"root": bytes(32)}, "the signature does not fit"),
        ({"root": bytes(31)}, "a root of 31 bytes, must be 32"),
        ({"size": 0}, f"has 0 bytes, must be from 1 to {LARGEST}"),
        ({"size": LARGEST + 1}, "has 10000001 bytes"),
        ({"chunk": 0}, "chunks of 0 bytes"),
        ({"chunk": 769}, "chunks of 769 bytes"),
        ({"commander": OTHER.public.raw}, "a key that is no commander's"),
    ],
)
def test_anything_else_is_a_sentence(change: dict[str, object], words: str) -> None:
    manifest = msgspec.structs.replace(sign("map", 3, DATA, KEY), **change)
    with pytest.raises(BundleFault, match=words):
        check(manifest, [KEY.public])


def test_an_empty_bundle_and_a_huge_one_are_not_signed() -> None:
    with pytest.raises(BundleFault, match="has 0 bytes"):
        sign("map", 1, b"", KEY)
    with pytest.raises(BundleFault, match="has 10000001 bytes"):
        sign("map", 1, bytes(LARGEST + 1), KEY)


# paths


@given(st.integers(1, 70), st.data())
def test_the_way_to_the_root_is_that_of_the_standard(size: int, data: st.DataObject) -> None:
    """An independent oracle: `merkle.MerkleTree.inclusion` follows RFC 9162."""
    index = data.draw(st.integers(0, size - 1))
    tree = MerkleTree(bytes((number,)) for number in range(size))
    assert len(steps(index, size)) == len(tree.inclusion(index))
    nodes = Nodes(size, tree.root())
    assert nodes.depth(index) == len(tree.inclusion(index))
    assert nodes.verify(index, bytes((index,)), tree.inclusion(index))
    assert nodes.depth(index) == 0


@settings(deadline=None)
@given(st.integers(1, 70), st.randoms(use_true_random=False))
def test_in_any_order_only_what_is_needed_of_a_path_comes_along(size: int, random: object) -> None:
    tree = MerkleTree(bytes((number,)) for number in range(size))
    nodes, order, hashes = Nodes(size, tree.root()), list(range(size)), 0
    random.shuffle(order)  # type: ignore[attr-defined]
    for index in order:
        depth = nodes.depth(index)
        if depth > 0:
            assert nodes.verify(index, bytes((index,)), tree.inclusion(index)[: depth - 1]) is None, "too short to tell"
        assert nodes.verify(index, bytes((index,)), tree.inclusion(index)[:depth])
        assert list(nodes.path(index, len(tree.inclusion(index)))) == tree.inclusion(index), (
            "and can be handed on whole"
        )
        hashes += depth
    assert hashes <= size - 1, "each inner node is told once: of its two children one is a hash, the other computed"


@given(st.integers(0, 16), st.integers(0, 7), st.booleans())
def test_no_altered_byte_is_accepted(index: int, bit: int, whole: bool) -> None:
    pieces = [bytes((number, 7)) for number in range(17)]
    tree = MerkleTree(pieces)
    nodes = Nodes(17, tree.root())
    if not whole:
        nodes.verify(3, pieces[3], tree.inclusion(3))
    path = tree.inclusion(index)[: nodes.depth(index)]
    altered = bytes((pieces[index][0] ^ 1 << bit, 7))
    assert nodes.verify(index, altered, path) is False
    for place in range(len(path)):
        wrong = [*path]
        wrong[place] = bytes((wrong[place][0] ^ 1 << bit,)) + wrong[place][1:]
        assert nodes.verify(index, pieces[index], wrong) is False
    assert nodes.verify(index, pieces[index], [*tree.inclusion(index), bytes(32)]) is False
    assert nodes.verify(index, pieces[index], path), "and nothing of it was believed"


# spreading


def small(**more: object) -> Mesh:
    return Mesh(DATA, chunk=SMALL, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.4])
def test_a_bundle_reaches_everybody_whole(loss: float) -> None:
    mesh = small(loss=loss).run(20_000)
    assert all(mesh.robots[robot].data() == DATA for robot in range(12))
    assert mesh.named() == {}


def test_each_chunk_is_sent_less_often_than_once_per_link_of_a_tree() -> None:
    """Since all neighbours hear it; at 10 % loss. With the overhead of chunks of 512 bytes."""
    data = np.random.default_rng(1).bytes(60_000)
    mesh = Mesh(data).run(20_000)
    assert mesh.is_done()
    assert sum(mesh.sent.values()) < 11 * len(data)


@pytest.mark.parametrize("liars", [(1,), (1, 5), (1, 2, 3), (4, 8)])
def test_a_corrupting_relay_is_named_and_routed_round(liars: tuple[int, ...]) -> None:
    mesh = small(corrupting=liars).run(20_000)
    assert mesh.is_done()
    assert all(mesh.robots[robot].data() == DATA for robot in mesh.honest())
    assert set(mesh.named()) <= set(liars), "no honest one is named"
    assert 1 not in liars or 1 in mesh.named()
    words = [words for robot in mesh.honest() for words in mesh.robots[robot].counters.faults.values()]
    assert all("of bundle 'map' altered" in each for each in words)
    assert all(
        len(mesh.robots[robot].counters.faults) == mesh.robots[robot].counters.false_chunks for robot in mesh.honest()
    )


def test_a_relay_that_offers_and_never_serves_is_routed_round_but_not_named() -> None:
    mesh = small(silent=[1, 6]).run(20_000)
    assert mesh.is_done()
    assert mesh.named() == {}


class Gullible(Transfer):
    """A mutant: takes every chunk for true."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self._nodes.verify = lambda *_: True  # type: ignore[method-assign]
        self._nodes.path = lambda *_: ()  # type: ignore[method-assign]


def test_without_the_check_one_relay_poisons_all_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import bundles

    monkeypatch.setattr(bundles, "Transfer", Gullible)
    mesh = small(corrupting=[1]).run(20_000)
    assert any(mesh.robots[robot].data() != DATA for robot in mesh.honest())


def receiver(manifest: Manifest, **more: object) -> Transfer:
    return Transfer(9, manifest, **more)  # type: ignore[arg-type]


def test_half_a_bundle_is_no_bundle() -> None:
    source, transfer = Mesh(DATA, chunk=SMALL).robots[0], receiver(sign("map", 1, DATA, KEY, SMALL))
    with pytest.raises(BundleFault, match="has 0 of 141 chunks"):
        transfer.data()
    transfer.hear(0, chunk_of(source, transfer, 0))
    with pytest.raises(BundleFault, match="has 1 of 141 chunks"):
        transfer.data()


def chunk_of(source: Transfer, asker: Transfer, index: int) -> Chunk:
    want = Want(identifier(source.manifest), 0, ((index, asker._nodes.depth(index)),))
    source.hear(9, want)
    (chunk,) = [each for each in source.tick() if isinstance(each, Chunk)]
    return chunk


def test_the_source_must_have_what_it_vouches_for() -> None:
    with pytest.raises(BundleFault, match="not the data"):
        Transfer(0, sign("map", 1, DATA, KEY), data=DATA[:-1])


def test_who_was_named_is_not_heard_any_more() -> None:
    source, transfer = small().robots[0], receiver(sign("map", 1, DATA, KEY, SMALL))
    good = chunk_of(source, transfer, 0)
    transfer.hear(0, msgspec.structs.replace(good, data=bytes(SMALL)))
    assert transfer.counters.faults == {0: "robot 0 handed on chunk 0 of bundle 'map' altered"}
    transfer.hear(0, good)
    assert transfer.upto == 0
    transfer.hear(1, good)
    assert transfer.upto == 1


@pytest.mark.parametrize(
    "change", [{"data": bytes(SMALL - 1)}, {"index": 141}, {"index": 1}, {"path": (bytes(32),) * 8}]
)
def test_a_chunk_of_another_length_place_or_path_convicts(change: dict[str, object]) -> None:
    source, transfer = small().robots[0], receiver(sign("map", 1, DATA, KEY, SMALL))
    transfer.hear(1, msgspec.structs.replace(chunk_of(source, transfer, 0), **change))
    assert list(transfer.counters.faults) == [1]
    assert transfer.upto == 0


def test_what_was_meant_for_somebody_who_knew_more_convicts_nobody() -> None:
    source, transfer = small().robots[0], receiver(sign("map", 1, DATA, KEY, SMALL))
    good = chunk_of(source, transfer, 0)
    transfer.hear(1, msgspec.structs.replace(good, path=good.path[:3]))
    assert transfer.counters.faults == {}
    assert transfer.upto == 0


def test_a_chunk_fits_into_a_sealed_frame_beside_a_beacon() -> None:
    """The largest: 10 MB are 19,532 chunks, and a path of 15 hashes. All numbers of the beacon at full width."""
    size = len(pack(Chunk(bytes(8), 2**20, bytes(512), (bytes(32),) * 15)))
    place = (1.5, 1.5, 1.5)
    beacon = encode(Frame(99, 2**40, 2**40, place, place, bytes(32), False, (), (123_456_789,) * 3))  # type: ignore[arg-type]
    assert len(beacon) + size <= ROOM["identity"]


# crashes


def half_done(folder: Path) -> tuple[Mesh, BundleFile]:
    mesh = small(loss=0.0)
    shelf = BundleFile(folder / "map.part")
    mesh.shelves[1] = shelf
    while 1 not in mesh.robots or mesh.robots[1].upto < 70:
        mesh.tick()
    return mesh, shelf


def test_a_transfer_goes_on_where_it_was_after_a_crash(tmp_path: Path) -> None:
    mesh, shelf = half_done(tmp_path)
    before = mesh.robots[1].upto
    mesh.robots[1] = Transfer(1, mesh.manifest, shelf=shelf)
    assert mesh.robots[1].upto == before
    mesh.run(20_000)
    assert mesh.robots[1].data() == DATA
    assert Transfer(1, mesh.manifest, shelf=shelf).is_whole


def test_a_file_cut_off_anywhere_loses_its_tail_only(tmp_path: Path) -> None:
    mesh, shelf = half_done(tmp_path)
    whole = (tmp_path / "map.part").read_bytes()
    had = 0
    for size in range(0, len(whole), 37):
        (tmp_path / "map.part").write_bytes(whole[:size])
        transfer = Transfer(1, mesh.manifest, shelf=shelf)
        assert had <= transfer.upto <= mesh.robots[1].upto
        assert transfer.counters.kept_false == 0
        had = transfer.upto


def test_what_was_altered_on_the_disk_is_fetched_anew(tmp_path: Path) -> None:
    mesh, shelf = half_done(tmp_path)
    path = tmp_path / "map.part"
    whole = bytearray(path.read_bytes())
    for place in range(200, len(whole), 997):
        whole[place] ^= 16
    path.write_bytes(whole)
    mesh.robots[1] = Transfer(1, mesh.manifest, shelf=shelf)
    mesh.run(20_000)
    assert mesh.robots[1].data() == DATA


# any bytes


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_fault(data: bytes) -> None:
    for candidate in (data, b"\x94\xa2mc" + data, b"\x94\xa2mw" + data):
        try:
            unpack(candidate)
        except BundleFault:
            continue


MANIFEST = sign("map", 1, DATA, KEY, SMALL)
MESSAGES = [
    Offer(MANIFEST, 5),
    Want(identifier(MANIFEST), 9, ((0, 3),)),
    Chunk(identifier(MANIFEST), 0, DATA[:SMALL], (bytes(32),) * 8),
]


@settings(max_examples=300)
@given(st.sampled_from(MESSAGES), st.lists(st.integers(0, 10_000), min_size=1, max_size=4))
def test_a_damaged_message_never_does_more_than_convict(message: Offer | Want | Chunk, bits: list[int]) -> None:
    data = bytearray(pack(message))
    for bit in bits:
        data[bit // 8 % len(data)] ^= 1 << bit % 8
    transfer = receiver(MANIFEST)
    try:
        transfer.hear(1, unpack(bytes(data)))
    except BundleFault:
        return
    transfer.tick()
    assert transfer.upto == 0


def test_a_flood_of_wants_is_bounded() -> None:
    source = small(pace=Pace(window=4)).robots[0]
    for first in range(0, 128, 32):
        source.hear(3, Want(identifier(MANIFEST), 0, tuple((first + i, 100) for i in range(32))))
    assert len(source._serving) == 16
    chunk = next(each for each in source.tick() if isinstance(each, Chunk))
    assert len(chunk.path) == len(steps(0, 141)), "no more of a path than there is"
