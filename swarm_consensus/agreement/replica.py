"""A node with its disk and its state machine: the one place that stores before it sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec
from numpy.random import Generator

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.raft.messages import COMMAND, Message, Ready, Saved
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.sessions import Outcome, Sessions


class Storage(Protocol):
    """A disk."""

    def load(self) -> Saved:
        """Return what is stored; StorageError if it is not what was written."""

    def save(self, ready: Ready) -> None:
        """Store vote, snapshot and entries, all or nothing, and return once they survive a loss of power.

        StorageError if they can't be.
        """

    def append_journal(self, lines: Sequence[bytes]) -> None:
        """Keep lines of the journal, all or none."""

    def journal(self) -> Iterable[bytes]:
        """Return the lines of the journal."""

    def close(self) -> None:
        """Let go of the disk."""


class News(msgspec.Struct):
    """What came out since last time."""

    messages: list[Message]
    outcomes: list[Outcome]
    reads: list[int]  # tokens of reads that may be served from the machine now


class Replica:
    """One member of the log on one robot.

    Once the disk has refused, nothing is promised to anybody any more: the replica is stopped, and a new one must be
    made from the disk.

    Parameters
    ----------
    own, settings, rng
        As in `Node`.
    storage
        What survives a crash.
    sessions
        The machine, in its first state.
    node
        Another kind of node, in tests.

    Raises
    ------
    StorageError
        If what the disk holds can't be read.
    """

    def __init__(
        self,
        own: int,
        settings: Settings,
        storage: Storage,
        sessions: Sessions,
        rng: Generator,
        node: type[Node] = Node,
    ) -> None:
        saved = storage.load()
        sessions.restore(saved.snapshot.state)
        self.node = node(own, settings, saved, rng)
        self.stopped: StorageError | None = None
        self._storage = storage
        self._sessions = sessions
        self._every = settings.snapshot_entries

    def pump(self) -> News:
        """Store, then send, apply and read, until nothing is left to do.

        Raises
        ------
        StorageError
            Of the disk, or of a snapshot that can't be read, now or earlier. Nothing that was not stored has left this
            robot.
        """
        if self.stopped:
            raise self.stopped
        news = News([], [], [])
        while ready := self.node.ready():
            try:
                if ready.restore and ready.snapshot:  # before it is stored: what can't be read stays out
                    self._sessions.restore(ready.snapshot.state)
                self._storage.save(ready)
            except StorageError as error:
                self.stopped = error
                raise
            self.node.advance()
            self._carry_out(ready, news)
        return news

    def _carry_out(self, ready: Ready, news: News) -> None:
        news.messages += ready.messages
        for index, entry in ready.committed:
            if entry.kind == COMMAND:
                news.outcomes.append(self._sessions.apply(index, entry.data))
        news.reads += [read.token for read in ready.reads]
        log = self.node.state.log
        if log.applied - log.snapshot.index >= self._every:
            self.compact()

    def compact(self) -> None:
        """Let a snapshot stand for everything that is applied."""
        self.node.compact(self._sessions.snapshot())
