"""What a member knows whatever its role, shared by the parts of a node."""

from __future__ import annotations

from collections.abc import Sequence

from swarm_consensus.agreement.raft.log import Log
from swarm_consensus.agreement.raft.membership import Members
from swarm_consensus.agreement.raft.messages import Entry, Message, Read, Saved, Snapshot
from swarm_consensus.agreement.raft.settings import Settings


class State:
    """Term, vote, log, members, and what is waiting to go out."""

    def __init__(self, own: int, settings: Settings, saved: Saved) -> None:
        self.own = own
        self.settings = settings
        self.now = 0  # ticks since this member started
        self.term = saved.vote.term
        self.voted_for = saved.vote.voted_for
        self.leader: int | None = None  # of this term, as far as known
        self.log = Log(saved.snapshot, saved.entries)
        self.members = Members(saved.snapshot, saved.entries)
        self.outbox: list[Message] = []
        self.reads: list[Read] = []  # allowed, and waiting until the state is new enough
        self.snapshot_due: Snapshot | None = None  # taken or received, and not yet stored
        self.restore = False  # it was received, and replaces everything
        self.crowded = False  # what was sent is not on its way yet, says who drives the node: entries wait
        self.faults = 0  # messages that no member sends who follows the protocol; they change nothing

    def send(self, message: Message) -> None:
        """Let a message go, once everything before it is stored."""
        self.outbox.append(message)

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries to the log; a configuration among them takes effect now."""
        self.members.append(self.log.last + 1, entries)
        self.log.append(entries)

    def cut(self, first: int) -> None:
        """Drop entries that conflict with the leader's, and the configurations among them."""
        self.log.cut(first)
        self.members.cut(first)

    def replace(self, snapshot: Snapshot) -> None:
        """Begin anew from a snapshot."""
        self.log.replace(snapshot)
        self.members = Members(snapshot, ())
        self.snapshot_due, self.restore = snapshot, True
