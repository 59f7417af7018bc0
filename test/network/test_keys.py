"""Keys and their files: what a signature is worth, and which files are refused."""

from __future__ import annotations

import copy
import os
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.network import key_files
from swarm_consensus.network.keys import KEY, SEED, KeyFault, PrivateKey, PublicKey

# RFC 8032, section 7.1, test 1: seed and public key
RFC_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
RFC_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group


def test_the_public_key_is_that_of_the_standard() -> None:
    assert PrivateKey(RFC_SEED).public.raw == RFC_PUBLIC


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_keys_of_another_length_are_refused(size: int) -> None:
    with pytest.raises(KeyFault, match=f"of {size} bytes, must be 32"):
        PrivateKey(bytes(size))
    with pytest.raises(KeyFault, match=f"of {size} bytes, must be 32"):
        PublicKey(bytes(size))


@given(st.binary(max_size=100), st.binary(max_size=20), st.binary(max_size=20), st.binary(min_size=1, max_size=3))
def test_a_signature_is_for_one_purpose_and_one_text(data: bytes, one: bytes, other: bytes, more: bytes) -> None:
    key = PrivateKey(RFC_SEED)
    signature = key.sign(one, data)
    assert key.public.verify(one, data, signature)
    assert key.public.verify(other, data, signature) == (one == other)
    assert not key.public.verify(one, data + more, signature)
    # a purpose that ends where the other's text begins
    assert not key.public.verify(one + more, data, key.sign(one, more + data))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_signature_or_not(signature: bytes) -> None:
    assert PublicKey(RFC_PUBLIC).verify(b"x", b"data", signature) is False


def test_no_bit_of_a_signature_may_change() -> None:
    key = PrivateKey(RFC_SEED)
    signature = int.from_bytes(key.sign(b"x", b"data"), "big")
    flipped = ((signature ^ (1 << bit)).to_bytes(64, "big") for bit in range(512))
    assert not any(key.public.verify(b"x", b"data", each) for each in flipped)


def test_a_signature_can_not_be_turned_into_another_one() -> None:
    """S + L is the same number modulo the order of the group; who accepts it accepts a second signature."""
    key = PrivateKey(RFC_SEED)
    signature = key.sign(b"x", b"data")
    second = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not key.public.verify(b"x", b"data", second)


def test_a_key_of_small_order_signs_nothing() -> None:
    """With the neutral element as key, R = 1 and S = 0 satisfy the equation for every text."""
    one = (1).to_bytes(32, "little")
    assert not PublicKey(one).verify(b"x", b"any text", one + bytes(32))


def test_a_private_key_is_neither_shown_nor_pickled() -> None:
    key = PrivateKey(RFC_SEED)
    assert RFC_SEED.hex() not in f"{key!r}{key}{key.public!r}"
    for lose in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            lose(key)


def test_keys_compare_by_their_bytes() -> None:
    assert PublicKey(RFC_PUBLIC) == PrivateKey(RFC_SEED).public
    assert len({PublicKey(RFC_PUBLIC), PublicKey(RFC_PUBLIC), PublicKey(bytes(KEY))}) == 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key_files.new_key(tmp_path / "keys", "scout")
    return tmp_path / "keys"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_key_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        key_files.new_key(tmp_path / "keys", "scout")
        key_files.new_group(tmp_path / "keys", "all")
    finally:
        os.umask(old)
    assert mode(tmp_path / "keys") == 0o700
    assert {path.name: mode(path) for path in (tmp_path / "keys").iterdir()} == {
        "scout.key": 0o600,
        "scout.pub": 0o644,
        "scout.epoch": 0o600,
        "all.group": 0o600,
    }


def test_both_halves_come_back(folder: Path) -> None:
    key, known = key_files.private_key(folder, "scout"), key_files.identity(folder, "scout")
    assert known.key.verify(b"x", b"data", key.sign(b"x", b"data"))
    assert known.expires == 0
    assert [(each.name, each.has_private) for each in key_files.listed(folder)] == [("scout", True)]


def test_no_two_keys_are_alike(folder: Path) -> None:
    key_files.new_key(folder, "rover")
    key_files.new_group(folder, "a")
    key_files.new_group(folder, "b")
    assert key_files.identity(folder, "scout") != key_files.identity(folder, "rover")
    assert key_files.group_secret(folder, "a") != key_files.group_secret(folder, "b")


def test_a_key_is_never_written_over(folder: Path) -> None:
    before = (folder / "scout.key").read_bytes()
    with pytest.raises(KeyFault, match=r"scout\.key: exists"):
        key_files.new_key(folder, "scout")
    assert (folder / "scout.key").read_bytes() == before


@pytest.mark.parametrize("name", ["", "../scout", "a/b", "9", "a b", "a" * 65, "scout\n", "schütz"])
def test_a_name_is_no_path(folder: Path, name: str) -> None:
    with pytest.raises(KeyFault, match="letters, digits"):
        key_files.new_key(folder, name)
    with pytest.raises(KeyFault, match="letters, digits"):
        key_files.private_key(folder, name)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o644, 0o610, 0o700 | 0o001, 0o777])
def test_a_private_key_that_others_may_use_is_refused(folder: Path, bits: int) -> None:
    (folder / "scout.key").chmod(bits)
    with pytest.raises(KeyFault, match=rf"permissions {bits:04o}, .* must be 0600"):
        key_files.private_key(folder, "scout")


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator gives files away")
def test_a_private_key_of_another_owner_is_refused(folder: Path) -> None:
    os.chown(folder / "scout.key", 12345, -1)
    with pytest.raises(KeyFault, match="belongs to user 12345, must belong to user 0"):
        key_files.private_key(folder, "scout")


def test_who_reads_must_be_the_owner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(KeyFault, match="must belong to user 54321"):
        key_files.private_key(folder, "scout")


def test_a_link_a_folder_and_a_pipe_are_no_private_key(folder: Path) -> None:
    (folder / "linked.key").symlink_to(folder / "scout.key")
    (folder / "folder.key").mkdir()
    os.mkfifo(folder / "pipe.key", 0o600)
    for name, words in (("linked", "is a link"), ("folder", "no regular file|can't be read"), ("pipe", "no regular")):
        with pytest.raises(KeyFault, match=words):
            key_files.private_key(folder, name)


@pytest.mark.parametrize("ending", ["key", "pub"])
def test_a_file_that_is_cut_off_anywhere_is_refused(folder: Path, ending: str) -> None:
    path = folder / f"scout.{ending}"
    whole = path.read_bytes()
    read = key_files.private_key if ending == "key" else key_files.identity
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(KeyFault, match=f"cut off after {size} bytes"):
            read(folder, "scout")


@pytest.mark.parametrize("ending", ["key", "pub", "epoch"])
def test_no_byte_of_a_file_may_change(folder: Path, ending: str) -> None:
    path = folder / f"scout.{ending}"
    whole = path.read_bytes()
    read = {"key": key_files.private_key, "pub": key_files.identity, "epoch": key_files.next_epoch}[ending]
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
        with pytest.raises(KeyFault):
            read(folder, "scout")


def test_one_kind_of_file_is_not_taken_for_another(folder: Path) -> None:
    (folder / "scout.pub").write_bytes((folder / "scout.key").read_bytes())
    with pytest.raises(KeyFault, match="is no public key of version 1"):
        key_files.identity(folder, "scout")


def test_a_huge_file_is_not_read(folder: Path) -> None:
    os.truncate(folder / "scout.key", key_files.LARGEST + 1)
    with pytest.raises(KeyFault, match="must be at most"):
        key_files.private_key(folder, "scout")


def test_a_missing_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match="'swarm keys new' makes keys"):
        key_files.private_key(tmp_path, "scout")


def test_epochs_grow_and_a_lost_one_is_not_begun_again(folder: Path) -> None:
    assert [key_files.next_epoch(folder, "scout") for _ in range(3)] == [1, 2, 3]
    (folder / "scout.epoch").unlink()
    with pytest.raises(KeyFault, match="make a new key"):
        key_files.next_epoch(folder, "scout")


def test_an_epoch_that_can_not_be_stored_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFault, match="can't be written: No space left"):
        key_files.next_epoch(folder, "scout")
    monkeypatch.undo()
    assert key_files.next_epoch(folder, "scout") == 1


@given(st.dictionaries(st.binary(min_size=1, max_size=32), st.tuples(st.integers(0, 2**32), st.integers(0, 2**65))))
def test_marks_come_back(tmp_path_factory: pytest.TempPathFactory, marks: dict[bytes, tuple[int, int]]) -> None:
    file = key_files.MarkFile(tmp_path_factory.mktemp("marks") / "scout.marks")
    assert file.load() == {}
    file.save(marks)
    assert file.load() == marks


def test_secrets_are_found_where_they_do_not_belong(tmp_path: Path) -> None:
    seed = bytes(range(SEED))
    (tmp_path / "deep").mkdir()
    (tmp_path / "clean.txt").write_text("nothing")
    (tmp_path / "deep" / "raw.mcap").write_bytes(b"..." + seed)
    (tmp_path / "log.txt").write_text(f"seed {seed.hex()}")
    found = key_files.leaks(tmp_path, [seed])
    assert [Path(path).name for path in found] == ["raw.mcap", "log.txt"]
