"""What a person asks of a running robot, and what it tells: pages of its log, its snapshot and its journal.

A question names one place; the answer is a page: what is there, as much as fits into one message. Nothing is kept from
one question to the next, so that who asks may lose, repeat and reorder as the network likes. Bytes in docs/frames.md.

A page carries the number of its question, which was never used before, and where frames are sealed the robot's
signature over both. So neither a page of another robot nor an older one passes for the answer.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from swarm_consensus.agreement.raft.messages import Chunk, Count, Entry, Member
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import HEADER, FrameError, unwrap, wrap
from swarm_consensus.network.keys import SIGNATURE, PrivateKey, PublicKey

ASKED, TOLD = b"SA", b"ST"  # magic of a question, and of a page
VERSION = 1
QUESTION = 64  # bytes of a question, at most
LARGEST = 4096  # bytes of a page, signature included
ROOM = LARGEST - HEADER - SIGNATURE - 160  # bytes for what is told; the rest is for what stands around it
PURPOSE = b"swarm told"

Part: TypeAlias = Literal["log", "state", "journal"]


class Question(msgspec.Struct, array_like=True, frozen=True):
    """Tell what is there, from a place on."""

    number: Count  # never used before
    robot: Member  # who is asked
    part: Part
    place: Count  # index of an entry; offset in the snapshot, bytes; line of the journal


class Known(msgspec.Struct, array_like=True, frozen=True):
    """How the log stands on a robot."""

    term: Count
    leader: Member | None  # of that term, as far as it knows
    applied: Count  # index of the newest entry that took effect here
    commit: Count  # of the newest that it knows to be settled
    last: Count  # of the newest that it has stored


class Entries(msgspec.Struct, array_like=True, frozen=True, tag="log"):
    """Entries from the place on; if two logs agree in the term before, they agree in all before (Raft, section 3.5)."""

    previous: Count | None  # term of the entry before the place; None: nothing is known of it here
    entries: tuple[Entry, ...]


class Lines(msgspec.Struct, array_like=True, frozen=True, tag="journal"):
    """Lines of the journal from the place on: rulings, and signed heads."""

    size: Count  # lines in all
    lines: tuple[bytes, ...]


class Told(msgspec.Struct, array_like=True, frozen=True):
    """A page. A piece of the snapshot goes as it does from a leader to who is far behind."""

    number: Count  # of the question
    robot: Member  # who tells
    known: Known
    page: Entries | Chunk | Lines


_encoder = msgspec.msgpack.Encoder()
_question_decoder = msgspec.msgpack.Decoder(Question)
_told_decoder = msgspec.msgpack.Decoder(Told)


def pack_question(question: Question) -> bytes:
    """Return a question as it is sent."""
    return wrap(ASKED, VERSION, _encoder.encode(question), QUESTION)


def read_question(data: bytes) -> Question:
    """Return the question in the bytes.

    Raises
    ------
    FrameError
        As `network.frame.decode`, and nothing else.
    """
    payload = unwrap(ASKED, VERSION, data, QUESTION)
    try:
        return _question_decoder.decode(payload)
    except msgspec.ValidationError:
        raise FrameError("value") from None
    except UNREADABLE:
        raise FrameError("garbage") from None


def size_of(item: Entry | bytes) -> int:
    """Return how many bytes an entry or a line takes in a page."""
    return len(_encoder.encode(item))


def pack_told(told: Told, key: PrivateKey | None, swarm: bytes) -> bytes:
    """Return a page as it is sent, signed for a swarm if there is a key.

    Raises
    ------
    FrameError
        'oversized' if it does not fit.
    """
    data = wrap(TOLD, VERSION, _encoder.encode(told), LARGEST - SIGNATURE)
    return data if key is None else data + key.sign(PURPOSE + swarm, data)


def read_told(data: bytes) -> tuple[Told, bytes]:
    """Return the page in the bytes, and the signature behind it, b'' if there is none; nobody has looked at it yet.

    Raises
    ------
    FrameError
        As `network.frame.decode`, and nothing else.
    """
    cut = HEADER + int.from_bytes(data[HEADER - 2 : HEADER], "big")
    signature = data[cut:]
    if len(signature) not in (0, SIGNATURE):
        raise FrameError("oversized" if data[:2] == TOLD else "garbage")
    payload = unwrap(TOLD, VERSION, data[:cut], LARGEST - SIGNATURE)
    try:
        return _told_decoder.decode(payload), signature
    except msgspec.ValidationError:
        raise FrameError("value") from None
    except UNREADABLE:
        raise FrameError("garbage") from None


def is_told_by(data: bytes, signature: bytes, key: PublicKey, swarm: bytes) -> bool:
    """Tell whether a page, as it came, was signed by a robot for a swarm."""
    return key.verify(PURPOSE + swarm, data[: len(data) - len(signature)], signature)
