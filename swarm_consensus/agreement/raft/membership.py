"""Who belongs to the log, and how that changes: one voter at a time (section 4 of the dissertation).

A configuration takes effect as soon as it stands in the log, committed or not. That is safe since any majority of the
old voters and any majority of the new share a member when they differ by one voter. It needs two more rules: the next
change waits until this one is committed, and a leader's first change waits until an entry of its own term is
committed (the bug of 2015: D. Ongaro, "bug in single-server membership changes", raft-dev).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from swarm_consensus.agreement.errors import AgreementError, SettingsError
from swarm_consensus.agreement.raft.messages import MEMBERS, Config, Entry, Snapshot
from swarm_consensus.errors import UNREADABLE

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Config)


def members(voters: Sequence[int], learners: Sequence[int] = ()) -> Config:
    """Return a configuration.

    Raises
    ------
    SettingsError
        If nobody votes, or somebody stands there twice.
    """
    problems = [] if voters else ["voters is empty, must name at least 1 member"]
    everybody = [*voters, *learners]
    for member in sorted({each for each in everybody if everybody.count(each) > 1}):
        problems.append(
            f"member {member} stands {everybody.count(member)} times among voters and learners, must be once"
        )
    problems += [f"member {each} must be from 0 to 255" for each in everybody if not 0 <= each <= 255]
    if problems:
        raise SettingsError(problems)
    return Config(tuple(sorted(voters)), tuple(sorted(learners)))


def advice(config: Config) -> str:
    """Return a sentence if the number of voters is even, else ''."""
    count = len(config.voters)
    if count % 2:
        return ""
    return f"{count} voters stand no more crashes than {count - 1} would, {(count - 1) // 2}; take an odd number"


def entry_of(config: Config, term: int) -> Entry:
    """Return the entry that makes a configuration take effect."""
    return Entry(term, MEMBERS, _encoder.encode(config))


def is_sound(entry: Entry) -> bool:
    """Tell whether an entry is no configuration, or one that can be read and in which somebody decides."""
    if entry.kind != MEMBERS:
        return True
    try:
        config = _decoder.decode(entry.data)
    except UNREADABLE:
        return False
    return bool(config.voters) and len({*config.voters, *config.learners}) == len(config.voters) + len(config.learners)


def check_step(old: Config, new: Config) -> None:
    """Check that a change keeps majorities overlapping.

    Raises
    ------
    AgreementError
        If more than one voter comes or goes, or none would be left.
    """
    changed = set(old.voters) ^ set(new.voters)
    if len(changed) > 1:
        raise AgreementError(f"voters {sorted(changed)} would change at once, must be one at a time")
    if not new.voters:
        raise AgreementError("the last voter can't leave: nobody could decide anything any more")


class Members:
    """The configurations in a log, of which the last is in force."""

    def __init__(self, snapshot: Snapshot, entries: Iterable[Entry]) -> None:
        self._history = [(snapshot.index, snapshot.config)]
        self.index, self.current = self._history[0]
        self.append(snapshot.index + 1, entries)

    def append(self, first: int, entries: Iterable[Entry]) -> None:
        """Take in sound entries that were appended from an index on."""
        for place, entry in enumerate(entries):
            if entry.kind == MEMBERS:
                self._history.append((first + place, _decoder.decode(entry.data)))
                self.index, self.current = self._history[-1]

    def cut(self, first: int) -> None:
        """Forget configurations from an index on: the entries were replaced."""
        while self._history[-1][0] >= first:
            self._history.pop()
        self.index, self.current = self._history[-1]

    def at(self, index: int) -> Config:
        """Return the configuration in force at an index that is not below the snapshot's."""
        return next(config for place, config in reversed(self._history) if place <= index)

    def compact(self, index: int) -> None:
        """Forget configurations that a snapshot up to an index makes history."""
        self._history = [(index, self.at(index)), *(each for each in self._history if each[0] > index)]
        self.index, self.current = self._history[-1]

    def may_lead(self, member: int, committed: int) -> bool:
        """Tell whether a member may stand for election.

        One that is no voter any more still may, as long as it does not know that its removal is committed: its log
        may be needed until then (section 4.2.2).
        """
        if member in self.current.voters:
            return True
        return self.index > committed and len(self._history) > 1 and member in self._history[-2][1].voters
