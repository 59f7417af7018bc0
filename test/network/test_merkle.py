"""Merkle trees: the vectors of Certificate Transparency, the RFC's own recursion, and proofs that lie."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.network.merkle import (
    EMPTY,
    MerkleError,
    MerkleTree,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

# test vectors of the reference implementation of RFC 6962: eight leaves, and the root after each
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def textbook_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + textbook_root(leaves[:k]) + textbook_root(leaves[k:])).digest()


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert MerkleTree().root() == EMPTY == sha256(b"").digest()
    assert len(MerkleTree()) == 0


def test_the_vectors_of_certificate_transparency() -> None:
    tree = MerkleTree()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        tree.append(leaf)
        assert tree.root().hex() == root
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS
    # the proof of RFC 6962's reference for entry 5 of 8, which stands there as entry 6 of 8
    assert [part.hex()[:8] for part in tree.inclusion(5)] == ["bc1a0643", "ca854ea1", "d37ee418"]


@pytest.mark.parametrize("count", range(40))
def test_the_root_is_the_rfcs_recursion(count: int) -> None:
    assert MerkleTree(entries(count)).root() == textbook_root(entries(count))


def test_every_proof_of_every_small_tree_verifies_and_is_short() -> None:
    tree = MerkleTree(entries(33))
    for size in range(34):
        for index in range(size):
            proof = tree.inclusion(index, size)
            assert len(proof) <= (size - 1).bit_length()  # ceil(log2 n)
            assert verify_inclusion(index, size, tree.leaf(index), proof, tree.root(size))
        for older in range(size + 1):
            proof = tree.consistency(older, size)
            assert len(proof) <= (size - 1).bit_length() + 1 if size else not proof
            assert verify_consistency(older, size, tree.root(older), tree.root(size), proof)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_proof_with_anything_changed_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    tree = MerkleTree(entries(size))
    proof, leaf, root = tree.inclusion(index), tree.leaf(index), tree.root()
    other = data.draw(st.integers(0, size + 3).filter(lambda each: each != index))
    assert not verify_inclusion(other, size, leaf, proof, root)
    place = data.draw(st.integers(0, len(proof) - 1))
    assert not verify_inclusion(index, size, leaf, [*proof[:place], leaf, *proof[place + 1 :]], root)
    assert not verify_inclusion(index, size, leaf, proof[:-1], root)
    assert not verify_inclusion(index, size, leaf, [*proof, root], root)
    assert not verify_inclusion(index, size, leaf_hash(b"forged"), proof, root)
    assert not verify_inclusion(index, size, leaf, proof, tree.root(size - 1))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 59))
def test_an_older_tree_with_one_entry_changed_does_not_begin_a_newer(older: int, more: int, changed: int) -> None:
    old = entries(older)
    old[changed % older] = b"altered"
    tree = MerkleTree(entries(older + more))
    proof = tree.consistency(older)
    assert verify_consistency(older, older + more, tree.root(older), tree.root(), proof)
    assert not verify_consistency(older, older + more, MerkleTree(old).root(), tree.root(), proof)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=40),
    st.text(max_size=5),
    st.lists(st.binary()),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(ANYTHING, min_size=5, max_size=5))
def test_nothing_makes_a_verifier_raise(hostile: list[object]) -> None:
    assert verify_inclusion(*hostile) is False  # type: ignore[arg-type]
    assert verify_consistency(*hostile) is False  # type: ignore[arg-type]


def test_an_endless_proof_costs_nothing() -> None:
    assert not verify_inclusion(0, 2**62, EMPTY, [EMPTY] * 1_000_000, EMPTY)
    assert not verify_consistency(1, 2**62, EMPTY, EMPTY, [EMPTY] * 1_000_000)


def test_the_empty_tree_begins_every_tree_but_only_by_its_own_root() -> None:
    tree = MerkleTree(entries(3))
    assert verify_consistency(0, 3, EMPTY, tree.root(), [])
    assert not verify_consistency(0, 3, tree.root(), tree.root(), [])
    assert not verify_consistency(0, 0, EMPTY, tree.root(), [])


def test_what_is_not_there_is_a_sentence() -> None:
    tree = MerkleTree(entries(3))
    with pytest.raises(MerkleError, match="entry 3 is not in a tree of 3, must be from 0 to 2"):
        tree.inclusion(3)
    with pytest.raises(MerkleError, match="a tree of 4 entries is asked of one of 3"):
        tree.root(4)
    with pytest.raises(MerkleError, match="size1 is 3, must be from 0 to 2"):
        tree.consistency(3, 2)
    with pytest.raises(MerkleError, match="entry -1 does not exist"):
        tree.leaf(-1)
