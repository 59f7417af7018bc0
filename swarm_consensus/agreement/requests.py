"""What a robot asks of the log: one command after the other, each until it is answered, each carried out once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from swarm_consensus.agreement.sessions import Command, Open, Outcome, pack

MOST = 32  # commands that wait; more are refused, not stored up


class Answer(msgspec.Struct, frozen=True):
    """What became of a command.

    `known` is False if its session had been closed: whether it was carried out isn't known any more.
    """

    data: bytes
    answer: bytes
    known: bool = True


class Requests:
    """One robot's commands, in a session of its own; without a clock, disk or network.

    Each tick `hear` the outcomes and `due` what is to be proposed. A robot that starts anew opens a new session, and
    what it had asked before may be carried out or not.

    Parameters
    ----------
    own
        Place in the roster.
    again
        Ticks after which a command without an answer is proposed again: more than a round trip takes.
    """

    def __init__(self, own: int, again: int) -> None:
        self._own = own
        self._again = again
        self._session = self._nonce = self._number = 0
        self._waiting: deque[bytes] = deque()
        self._asked = -again  # tick of the last proposal

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(self, data: bytes) -> bool:
        """Add a command; False if too many wait.

        One that waits already is not added: who is patient for less time than the log takes asks again and again, and
        everything else would wait behind that.
        """
        if data in self._waiting:
            return True
        if len(self._waiting) >= MOST:
            return False
        self._waiting.append(data)
        return True

    def due(self, tick: int) -> bytes | None:
        """Return what is to be proposed in this tick, if anything."""
        if not self._waiting or tick - self._asked < self._again:
            return None
        self._asked = tick
        if self._session:
            return pack(Command(self._session, self._number, self._waiting[0]))
        self._nonce = self._nonce or tick * 256 + self._own  # nobody else's, and none of before a restart
        return pack(Open(self._nonce))

    def failed(self) -> None:
        """Note that nobody took the proposal: it is due again in the next tick."""
        self._asked = -self._again

    def hear(self, outcomes: Iterable[Outcome]) -> list[Answer]:
        """Look for answers among what was carried out."""
        found = []
        for outcome in outcomes:
            if not self._session:
                if outcome.verdict == "opened" and self._nonce and outcome.number == self._nonce:
                    self._session, self._number = outcome.session, 1
                    self.failed()
            elif (outcome.session, outcome.number) == (self._session, self._number) and self._waiting:
                found.append(Answer(self._waiting.popleft(), outcome.answer, outcome.verdict == "done"))
                self.failed()
                if outcome.verdict == "done":
                    self._number += 1
                else:
                    self._session = self._nonce = 0
        return found
