"""What devices answer: where frames are sealed, only what they signed is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.seal import Identity
from swarm_consensus.robot.devices import EXECUTOR, Devices, plain, voice
from swarm_consensus.robot.identity import Sealing, Trust

KEY, OTHER = PrivateKey(b"e" * 32), PrivateKey(b"x" * 32)
SAID = b"SJ answer"


def trust(seal: Sealing = "identity", expires: int = 0) -> Trust:
    return Trust(b"us", seal, (), devices=((EXECUTOR, Identity(KEY.public, expires)),))


@pytest.mark.parametrize("seal", ["identity", "group"])
def test_what_the_device_signed_is_heard_also_where_robots_share_a_key(seal: Sealing) -> None:
    devices = Devices(trust(seal))
    assert devices.heard(EXECUTOR, voice(KEY, b"us")(SAID), 0) == SAID
    assert not devices.refused


@pytest.mark.parametrize(
    ("who", "packet", "cause"),
    [
        (EXECUTOR, plain(SAID), "forged"),
        (EXECUTOR, b"", "forged"),
        (EXECUTOR, voice(OTHER, b"us")(SAID), "forged"),
        (EXECUTOR, voice(KEY, b"them")(SAID), "forged"),
        (EXECUTOR, SAID + KEY.sign(b"swarm frame" + b"us", SAID), "forged"),
        ("west", voice(KEY, b"us")(SAID), "stranger"),
    ],
    ids=["unsigned", "nothing", "other key", "other swarm", "other purpose", "no such device"],
)
def test_anything_else_is_refused_and_counted(who: str, packet: bytes, cause: str) -> None:
    devices = Devices(trust())
    assert devices.heard(who, packet, 0) is None
    assert devices.refused == {cause: 1}


def test_a_key_counts_for_nothing_from_the_second_at_which_it_expires() -> None:
    devices, packet = Devices(trust(expires=100)), voice(KEY, b"us")(SAID)
    assert devices.heard(EXECUTOR, packet, 99) == SAID
    assert devices.heard(EXECUTOR, packet, 100) is None
    assert devices.refused == {"expired": 1}


@given(st.integers(0, len(SAID) + 63), st.integers(1, 255))
def test_no_altered_byte_is_accepted(place: int, change: int) -> None:
    packet = bytearray(voice(KEY, b"us")(SAID))
    packet[place] ^= change
    assert Devices(trust()).heard(EXECUTOR, bytes(packet), 0) is None


@given(st.binary(max_size=200))
def test_whatever_comes_never_raises(packet: bytes) -> None:
    assert Devices(trust()).heard(EXECUTOR, packet, 0) is None


@pytest.mark.parametrize("nobody", [None, trust("none")])
def test_without_seals_whoever_answers_is_believed(nobody: Trust | None) -> None:
    assert Devices(nobody).heard(EXECUTOR, SAID, 0) == SAID
