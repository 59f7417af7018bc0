"""Letters longer than what the mesh carries in one message, cut into sheets and put together again.

A letter is known by a hash of all of it. So one that is sent again, because nobody answered, fills in the sheets that
were lost of the first, and sheets of different letters never mix. Nothing else is proven: what a letter says must
prove itself.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated

import msgspec
from msgspec import Meta

from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.mesh_parts import LARGEST

AROUND = 40  # bytes of a sheet beside its data, at most
SHEET = LARGEST - AROUND  # bytes of a letter on one sheet
SHEETS = 32  # of one letter at most
UNFINISHED = 4  # letters of one origin of which not all sheets are here
_NAME = 8  # bytes of the hash


class Sheet(msgspec.Struct, array_like=True, frozen=True, tag="sheet"):
    """One part of a letter."""

    letter: Annotated[bytes, Meta(min_length=_NAME, max_length=_NAME)]  # begin of the hash of all of it
    part: Annotated[int, Meta(ge=0, lt=SHEETS)]
    parts: Annotated[int, Meta(ge=1, le=SHEETS)]
    data: Annotated[bytes, Meta(max_length=SHEET)]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Sheet)


def name_of(letter: bytes) -> bytes:
    """Return what its sheets have in common."""
    return blake2b(letter, digest_size=_NAME).digest()


def cut(letter: bytes) -> list[bytes]:
    """Return the sheets of a letter of at most `SHEET` x `SHEETS` bytes as messages for the mesh; none if longer."""
    pieces = [letter[begin : begin + SHEET] for begin in range(0, len(letter), SHEET)]
    if len(pieces) > SHEETS:
        return []
    name = name_of(letter)
    return [_encoder.encode(Sheet(name, part, len(pieces), piece)) for part, piece in enumerate(pieces)]


def read(payload: bytes) -> Sheet | None:
    """Return a sheet, or None if it is none."""
    try:
        sheet = _decoder.decode(payload)
    except UNREADABLE:
        return None
    return sheet if sheet.part < sheet.parts else None


class Desk:
    """Letters of which not all sheets are here yet.

    Of each origin at most `UNFINISHED`, of `SHEETS` sheets each: a new one pushes out the one that began first.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, dict[tuple[bytes, int], dict[int, bytes]]] = {}  # by origin, then letter and parts

    def add(self, origin: int, sheet: Sheet) -> bytes | None:
        """Take in a sheet; return the letter once it is whole and what its name says."""
        if sheet.parts == 1:
            return _checked(sheet, sheet.data)
        mine = self._waiting.setdefault(origin, {})
        key = (sheet.letter, sheet.parts)
        sheets = mine.setdefault(key, {})
        sheets[sheet.part] = sheet.data
        if len(sheets) == sheet.parts:
            del mine[key]
            return _checked(sheet, b"".join(data for _, data in sorted(sheets.items())))
        if len(mine) > UNFINISHED:
            del mine[next(iter(mine))]
        return None

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return sum(len(data) for mine in self._waiting.values() for sheets in mine.values() for data in sheets.values())


def _checked(sheet: Sheet, letter: bytes) -> bytes | None:
    return letter if name_of(letter) == sheet.letter else None
