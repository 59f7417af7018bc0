"""Clients: each does one thing at a time, asks again until it is answered, and writes down what it saw."""

from __future__ import annotations

from collections.abc import Sequence

from swarm_consensus.agreement.sessions import Command, Open, Outcome, pack
from swarm_consensus.agreement.simulator.counters import answer_of, pack_add
from swarm_consensus.agreement.simulator.dice import Dice
from swarm_consensus.agreement.simulator.host import Host
from swarm_consensus.agreement.simulator.linearizability import Operation
from swarm_consensus.agreement.simulator.network import TICK, Clock

PATIENCE = 30 * TICK  # after which it goes to another robot
AGAIN = 8 * TICK  # after which it asks again
KEYS = 2


class Client:
    """A program on a robot that adds to counters and reads them.

    Parameters
    ----------
    number
        Its own.
    hosts
        Robots it may be on.
    clock, dice
        Of the run.
    history
        Where it writes down what it did.
    """

    def __init__(self, number: int, hosts: Sequence[Host], clock: Clock, dice: Dice, history: list[Operation]) -> None:
        self.number = number
        self.done = 0
        self.resting = False  # begins nothing new
        self._hosts, self._clock, self._dice, self._history = hosts, clock, dice, history
        self._host = dice.pick(hosts)
        self._session = 0
        self._nonce = 0
        self._command = 0  # number of the last in this session
        self._operation: Operation | None = None
        self._request = b""
        self._token = 0
        self._asked = self._moved = 0
        clock.after(dice.between(1, 3 * TICK), self._turn)

    @property
    def is_idle(self) -> bool:
        """Tell whether it waits for nothing."""
        return self._operation is None

    def _turn(self) -> None:
        """Begin something, or ask again, or go elsewhere."""
        now = self._clock.now
        self._clock.after(self._dice.between(TICK // 2, 2 * TICK), self._turn)
        if self._operation is None:
            if not self.resting:
                self._begin()
        elif now - self._moved > PATIENCE or self._host.replica is None:
            self._host = self._dice.pick(self._hosts)
            self._moved = now
            self._ask()
        elif now - self._asked > AGAIN:
            self._ask()

    def _begin(self) -> None:
        now, dice = self._clock.now, self._dice
        key = dice.between(0, KEYS - 1)
        if dice.chance(0.5):
            self._operation = Operation(self.number, key, None, now)
            self._token = 0  # a late copy of an answer must not pass for this read's, which may not be asked at once
        else:
            amount = dice.between(1, 9)
            self._operation = Operation(self.number, key, amount, now)
            self._command += 1
            self._request = pack_add(key, amount)
        self._moved = now
        self._ask()

    def _ask(self) -> None:
        self._asked = self._clock.now
        operation, host = self._operation, self._host
        if operation is None or host.replica is None or host.is_asleep:
            return
        node = host.replica.node
        if operation.amount is None:
            self._token = self._clock.fresh()
            taken = host.read(self._token)
        elif self._session:
            taken = node.propose(pack(Command(self._session, self._command, self._request)))
        else:
            self._nonce = self._nonce or self._clock.fresh()
            taken = node.propose(pack(Open(self._nonce)))
        if not taken:
            self._moved = -PATIENCE  # this robot knows no leader
        host.pump()

    def hear(self, host: Host, outcomes: Sequence[Outcome], reads: Sequence[int]) -> None:
        """Look at what came out at a robot."""
        operation = self._operation
        if operation is None or host is not self._host:
            return
        if operation.amount is None:
            if self._token in reads:
                self._finish(host.counters.value(operation.key))
            return
        for outcome in outcomes:
            if self._session == 0 and outcome.verdict == "opened" and outcome.number == self._nonce:
                self._session, self._command = outcome.session, 1
                self._clock.after(1, self._ask)
                return
            if (outcome.session, outcome.number) == (self._session, self._command) and self._session:
                if outcome.verdict == "done":
                    self._finish(answer_of(outcome.answer))
                else:
                    self._give_up()
                return

    def _finish(self, answer: int) -> None:
        if self._operation is not None:
            self._operation.returned, self._operation.answer = self._clock.now, answer
            self._history.append(self._operation)
            self._operation = None
            self.done += 1

    def _give_up(self) -> None:
        """Leave open what became of the operation, and begin a new session."""
        self.leave_open()
        self._operation = None
        self._session = self._nonce = 0

    def leave_open(self) -> None:
        """Write down an operation whose answer was not heard."""
        if self._operation is not None:
            self._history.append(self._operation)
