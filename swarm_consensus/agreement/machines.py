"""Several machines behind one log, and a digest of everything that they were told."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from swarm_consensus.agreement.raft.messages import Count, Member
from swarm_consensus.agreement.sessions import Machine
from swarm_consensus.errors import UNREADABLE


class _Addressed(msgspec.Struct, array_like=True, frozen=True):
    """A command, and whose it is."""

    machine: str
    data: bytes


class Report(msgspec.Struct, array_like=True, frozen=True):
    """A robot says that it is there."""

    robot: Member
    tick: Count  # of its clock, at which it said so


_State = tuple[int, bytes, dict[str, bytes]]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Addressed)
_report_decoder = msgspec.msgpack.Decoder(Report)
_reports_decoder = msgspec.msgpack.Decoder(dict[int, tuple[int, int]])
_state_decoder: msgspec.msgpack.Decoder[_State] = msgspec.msgpack.Decoder(_State)


def pack(machine: str, data: bytes) -> bytes:
    """Return a command for one of the machines."""
    return _encoder.encode(_Addressed(machine, data))


def unpack(command: bytes) -> tuple[str, bytes] | None:
    """Return whose a command is, and what it says; None if it is none."""
    try:
        found = _decoder.decode(command)
    except UNREADABLE:
        return None
    return found.machine, found.data


def pack_report(report: Report) -> bytes:
    """Return a report as a command of the machine ``reports``."""
    return _encoder.encode(report)


def read_report(data: bytes) -> Report | None:
    """Return a report, or None if it is none."""
    try:
        return _report_decoder.decode(data)
    except UNREADABLE:
        return None


class Machines:
    """Machines by name; a command that is for none of them, or is none, is answered with nothing.

    Parameters
    ----------
    machines
        Each in its first state; the same on all robots.
    """

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self.index = 0  # of the last command that was carried out
        self.digest = b""  # of all commands up to there and their places: equal only if all of them are
        self._machines = {name: machines[name] for name in sorted(machines)}

    def apply(self, index: int, command: bytes) -> bytes:
        """Carry out a command."""
        self.index = index
        self.digest = blake2b(self.digest + index.to_bytes(8, "big") + command, digest_size=8).digest()
        found = unpack(command)
        machine = self._machines.get(found[0]) if found else None
        return machine.apply(index, found[1]) if machine and found else b""

    def snapshot(self) -> bytes:
        """Return the states of all."""
        return _encoder.encode(
            (self.index, self.digest, {name: machine.snapshot() for name, machine in self._machines.items()})
        )

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        self.index, self.digest, states = _state_decoder.decode(state)
        for name, each in states.items():
            if name in self._machines:
                self._machines[name].restore(each)


class Reports:
    """How often each robot reported, and when it did last; the answer is how often."""

    def __init__(self) -> None:
        self.of: dict[int, tuple[int, int]] = {}  # by robot: how many, and the newest tick

    def apply(self, index: int, command: bytes) -> bytes:
        """Take in a report; anything else is answered with 0."""
        report = read_report(command)
        if report is None:
            return _encoder.encode(0)
        count, newest = self.of.get(report.robot, (0, 0))
        self.of[report.robot] = (count + 1, max(newest, report.tick))
        return _encoder.encode(count + 1)

    def snapshot(self) -> bytes:
        """Return all."""
        return _encoder.encode(dict(sorted(self.of.items())))

    def restore(self, state: bytes) -> None:
        """Go to a state."""
        self.of = _reports_decoder.decode(state)
