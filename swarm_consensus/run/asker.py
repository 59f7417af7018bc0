"""Asking a running robot for its log or its journal, page by page, over a network that loses, repeats and reorders.

A state machine without clock and network: `due` says what is to be sent, `hear` takes in what came. What it ends with
is what the robot's disk holds at one moment, as a run folder has it.

The log may grow, be cut or be compacted while it is read. A page says in which term the entry before it was written;
where that differs from what is here, an end that was never settled has been replaced, and is asked for again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal, TypeAlias

from swarm_consensus.agreement.asking import (
    Entries,
    Known,
    Lines,
    Part,
    Question,
    Told,
    pack_question,
    read_told,
)
from swarm_consensus.agreement.raft.chunks import Incoming
from swarm_consensus.agreement.raft.messages import Chunk, Entry, Saved, Snapshot, Vote
from swarm_consensus.network.frame import FrameError

AGAIN_S = 0.5  # s without an answer, after which a question is sent again
LAST = 2**53  # the largest place that a question can name
RESTARTS = 8  # from the beginning, after which a log changes too fast to be read

Wanted: TypeAlias = Literal["log", "journal"]


class Asker:
    """Asks one robot.

    Parameters
    ----------
    robot
        Its place in the roster.
    wanted
        The log with its snapshot, or the journal.
    number
        Of the first question: drawn at random from 0 to 2^52, so that no page for anybody else answers it.
    accept
        Tells from a page as it came, and the signature behind it, whether the robot told it.
    again
        s without an answer, after which a question is sent again.
    """

    def __init__(
        self,
        robot: int,
        wanted: Wanted,
        number: int,
        accept: Callable[[bytes, bytes], bool],
        again: float = AGAIN_S,
    ) -> None:
        self.done = False
        self.fault = ""  # why it will never be done
        self.known: Known | None = None  # how the log stood when the newest page was told
        self.lines: list[bytes] = []  # of the journal
        self.refused: Counter[str] = Counter()  # pages that were not taken, by cause
        self.sent = 0  # questions, with those that were sent again
        self._robot, self._number, self._accept, self._again = robot, number, accept, again
        self._part: Part = "journal" if wanted == "journal" else "state"
        self._place = 0
        self._said: float | None = None  # when the present question was sent last
        self._alive: float | None = None  # when the newest page came, or the first question was sent
        self._incoming = Incoming()
        self._snapshot: Snapshot | None = None
        self._entries: list[Entry] = []
        self._sure = 0  # index up to which what is here is settled for good
        self._restarts = 0

    @property
    def saved(self) -> Saved:
        """What the robot's disk holds of the log, once it is `done`."""
        if self._snapshot is None or self.known is None:
            raise RuntimeError("the log was not read")
        return Saved(Vote(self.known.term), self._snapshot, tuple(self._entries))

    def due(self, now: float) -> bytes | None:
        """Return the question that is to be sent now, or None.

        Parameters
        ----------
        now
            Of a clock that never jumps, s.
        """
        if self.done or self.fault or (self._said is not None and now - self._said < self._again):
            return None
        self._said = now
        self._alive = now if self._alive is None else self._alive
        self.sent += 1
        return pack_question(Question(self._number, self._robot, self._part, self._place))

    def silence(self, now: float) -> float:
        """Return for how long nothing of use has come, s."""
        return 0.0 if self._alive is None else now - self._alive

    def hear(self, data: bytes, now: float) -> None:
        """Take in a page, or refuse and count it; the bytes may be anything at all."""
        if self.done or self.fault:
            return
        try:
            told, signature = read_told(data)
        except FrameError as error:
            self.refused[error.reason] += 1
            return
        if told.number != self._number:
            self.refused["late"] += 1  # or for somebody else
        elif not self._accept(data, signature):
            self.refused["forged" if signature else "unsigned"] += 1
        elif told.robot != self._robot:
            self.refused["stranger"] += 1
        elif not self._fits(told):
            self.refused["value"] += 1
        else:
            self.known, self._alive, self._said = told.known, now, None
            self._number += 1
            self._take(told)

    def _fits(self, told: Told) -> bool:
        """Tell whether a page is of the kind that was asked for, from the place that was asked for."""
        if self._part == "state":
            return isinstance(told.page, Chunk) and told.page.offset == self._place
        return isinstance(told.page, Entries if self._part == "log" else Lines)

    def _take(self, told: Told) -> None:
        if isinstance(told.page, Lines):
            self._take_lines(told.page)
        elif isinstance(told.page, Chunk):
            self._take_piece(told.page)
        else:
            self._take_entries(told.page, told.known)

    def _take_lines(self, page: Lines) -> None:
        self.lines += page.lines
        self.done = len(self.lines) >= page.size
        self._ask("journal", len(self.lines), bool(page.lines))

    def _take_piece(self, piece: Chunk) -> None:
        snapshot = self._incoming.add(piece)
        if snapshot is not None:
            self._snapshot, self._entries, self._sure = snapshot, [], snapshot.index
            self._ask("log", snapshot.index + 1, True)
            return
        place = self._incoming.offset_of(piece)
        if place == 0:  # another snapshot has taken its place
            self._restart()
        else:
            self._ask("state", place, bool(piece.data))

    def _take_entries(self, page: Entries, known: Known) -> None:
        assert self._snapshot is not None
        end = self._snapshot.index + len(self._entries)
        if page.previous is None and known.last >= end:
            self._restart()  # what is asked for is in a newer snapshot
        elif page.previous != (self._entries[-1].term if self._entries else self._snapshot.term):
            if end == self._sure:
                self.fault = f"it contradicts what it told before of entry {end}, which was settled"
            del self._entries[self._sure - self._snapshot.index :]
            self._ask("log", self._sure + 1, True)
        else:
            self._entries += page.entries
            end += len(page.entries)
            self._sure = max(self._sure, min(known.commit, end))
            self.done = end >= known.last
            self._ask("log", end + 1, bool(page.entries))

    def _ask(self, part: Part, place: int, is_news: bool) -> None:
        """Ask for what follows."""
        self._part, self._place = part, min(place, LAST)
        where = {"log": "entry", "state": "byte", "journal": "line"}[part]
        if place > LAST:
            self.fault = f"it tells of {where} {place - 1}, beyond any that can be"
        elif not self.done and not is_news:
            self.fault = f"it tells nothing from {where} {place} on, though it has more"

    def _restart(self) -> None:
        self._restarts += 1
        if self._restarts > RESTARTS:
            self.fault = f"its log was compacted {self._restarts} times while it was read; try again"
        self._snapshot, self._entries, self._incoming = None, [], Incoming()
        self._ask("state", 0, True)
