"""Exactly once: a command that arrives twice, or is sent again, takes effect once (section 6.3).

A client opens a session by a command of its own; the index of that entry is the session's number. Commands are numbered
within the session, one at a time. The table of sessions, with the last answer of each, is part of the replicated
state, and of its snapshots.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import msgspec

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.raft.messages import Count
from swarm_consensus.errors import UNREADABLE

Verdict: TypeAlias = Literal["opened", "done", "superseded", "expired", "unreadable"]


class Machine(Protocol):
    """What the log is about: a deterministic state machine."""

    def apply(self, index: int, command: bytes) -> bytes:
        """Carry out a command, whatever its bytes are, and return its answer."""

    def snapshot(self) -> bytes:
        """Return the whole state; equal states give equal bytes."""

    def restore(self, state: bytes) -> None:
        """Go to a state."""


class Open(msgspec.Struct, array_like=True, frozen=True, tag=0):
    """Opens a session; the client knows its own by the nonce."""

    nonce: Count


class Command(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """A command in a session; its number grows from one to the next."""

    session: Count
    number: Count
    data: bytes


class Outcome(msgspec.Struct, frozen=True):
    """What became of one entry, the same on all members.

    `superseded`: a later command of the session has been carried out, so that this one's answer is gone. `expired`:
    the session was closed because too many others were used since; whether the command was carried out before isn't
    known any more.
    """

    session: int
    number: int  # of the command, or the nonce of an opening
    verdict: Verdict
    answer: bytes = b""


class _Session(msgspec.Struct, array_like=True):
    number: int
    answer: bytes


_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Open | Command] = msgspec.msgpack.Decoder(Open | Command)
_state_decoder = msgspec.msgpack.Decoder(tuple[list[tuple[int, _Session]], bytes])


def pack(request: Open | Command) -> bytes:
    """Return a request as it stands in the log."""
    return _encoder.encode(request)


class Sessions:
    """The sessions, and the machine behind them.

    Parameters
    ----------
    machine
        Carries out the commands.
    most
        Sessions that are remembered; the one unused for the longest goes first. The same on all members.
    """

    def __init__(self, machine: Machine, most: int = 256) -> None:
        self._machine = machine
        self._most = most
        self._table: dict[int, _Session] = {}  # in the order of their last use

    def apply(self, index: int, data: bytes) -> Outcome:
        """Carry out the command of an entry unless it was carried out before."""
        try:
            request = _request_decoder.decode(data)
        except UNREADABLE:
            return Outcome(0, 0, "unreadable")
        if isinstance(request, Open):
            return self._open(index, request)
        session = self._table.get(request.session)
        if session is None:
            return Outcome(request.session, request.number, "expired")
        if request.number < session.number:
            return Outcome(request.session, request.number, "superseded")
        if request.number > session.number:
            session.number, session.answer = request.number, self._machine.apply(index, request.data)
        self._table[request.session] = self._table.pop(request.session)
        return Outcome(request.session, request.number, "done", session.answer)

    def _open(self, index: int, request: Open) -> Outcome:
        self._table[index] = _Session(0, b"")
        if len(self._table) > self._most:
            del self._table[next(iter(self._table))]
        return Outcome(index, request.nonce, "opened")

    def snapshot(self) -> bytes:
        """Return sessions and machine."""
        return _encoder.encode((list(self._table.items()), self._machine.snapshot()))

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot; the empty one is the beginning.

        Raises
        ------
        StorageError
            If it can't be read: another version wrote it, or somebody forged it.
        """
        if not state:
            return
        try:
            table, machine = _state_decoder.decode(state)
            self._table = dict(table)
            self._machine.restore(machine)
        except (*UNREADABLE, TypeError, LookupError) as error:
            raise StorageError(f"a snapshot of the log can't be read by this version: {error}") from error
