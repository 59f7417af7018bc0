"""A frame is put together by what is more urgent, and always fits."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from swarm_consensus.network.frame import ROOM, Frame, FrameError, decode, encode
from swarm_consensus.robot.speech import WORDS, Speech, note

BEACON = Frame(1, 2, 3, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), b"\x01", False)


def message(size: int) -> Raw:
    """Any message of so many bytes, at least 3."""
    return Raw(
        msgspec.msgpack.encode(["x" * (size - 2)])
        if size < 34
        else b"\x91\xc5" + (size - 4).to_bytes(2, "big") + bytes(size - 4)
    )


@given(st.lists(st.integers(3, 400), max_size=40))
def test_what_is_offered_is_said_as_long_as_it_fits(sizes: list[int]) -> None:
    speech, said = Speech(BEACON), []
    for size in sizes:
        before = speech.left
        speech.offer((message(size),))
        if size <= before:
            said.append(message(size))
            assert speech.left == before - size
        else:
            assert speech.left == before
    data = speech.frame()
    assert list(decode(data).messages) == said
    # what is kept back for the length of a long list is all that may be left unused
    assert ROOM - len(data) - speech.left == (0 if len(said) > 15 else 2)


def test_nothing_is_offered_into_what_must_stay_free() -> None:
    speech = Speech(BEACON)
    speech.offer((message(100),), spare=speech.left - 99)
    assert decode(speech.frame()).messages == ()
    speech.offer((message(100),), spare=speech.left - 100)
    assert len(decode(speech.frame()).messages) == 1


def test_what_is_too_much_is_no_frame() -> None:
    speech = Speech(BEACON)
    speech.add((message(ROOM),))
    with pytest.raises(FrameError):
        speech.frame()


def test_a_note_that_is_too_long_is_not_said() -> None:
    words = msgspec.msgpack.encode(bytes(WORDS - 3))
    assert len(words) == WORDS
    assert len(note("go_to", words)) == 1
    assert note("go_to", words + b"\x00") == ()
    assert note("go_to", None) == ()
    assert len(encode(msgspec.structs.replace(BEACON, messages=note("x" * 16, words)))) < ROOM
