"""The simulated radio: loss, delay, duplicates, order, and links that are cut one way or both."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from swarm_consensus.agreement.raft.messages import Message
from swarm_consensus.agreement.simulator.dice import Dice

TICK = 1000  # moments of simulated time in a nominal tick


class Clock:
    """What happens next."""

    def __init__(self) -> None:
        self.now = 0
        self._count = 0  # so that of two events at one moment the first planned happens first
        self._events: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []

    def fresh(self) -> int:
        """Return a number that is returned once only."""
        self._count += 1
        return self._count

    def after(self, moments: int, call: Callable[..., None], *arguments: Any) -> None:
        """Plan a call."""
        self._count += 1
        heapq.heappush(self._events, (self.now + moments, self._count, call, arguments))

    def run(self, until: int) -> None:
        """Let everything happen up to a moment."""
        events = self._events
        while events and events[0][0] <= until:
            self.now, _, call, arguments = heapq.heappop(events)
            call(*arguments)
        self.now = until


@dataclass(slots=True)
class Weather:
    """How bad the radio is."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay: int = TICK  # largest usual, moments
    straggler: float = 0.0  # share of messages that take up to `late`
    late: int = 40 * TICK


class Network:
    """Carries messages, or doesn't.

    Parameters
    ----------
    clock, dice
        Of the run.
    deliver
        Takes what arrives.
    """

    def __init__(self, clock: Clock, dice: Dice, deliver: Callable[[Message], None]) -> None:
        self.weather = Weather()
        self.cut: set[tuple[int, int]] = set()  # (from, to)
        self.sent = 0
        self._clock = clock
        self._dice = dice
        self._deliver = deliver

    def send(self, message: Message) -> None:
        """Send a message, once or more often."""
        self.sent += 1
        weather, dice = self.weather, self._dice
        if weather.loss and dice.chance(weather.loss):
            return
        self._clock.after(self._delay(), self._arrive, message)
        if weather.duplicate and dice.chance(weather.duplicate):
            self._clock.after(self._delay(), self._arrive, message)

    def _delay(self) -> int:
        if self.weather.straggler and self._dice.chance(self.weather.straggler):
            return self._dice.between(0, self.weather.late)
        return self._dice.between(1, self.weather.delay)

    def _arrive(self, message: Message) -> None:
        if (message.sender, message.to) not in self.cut:
            self._deliver(message)

    def split(self, one: Collection[int], other: Iterable[int]) -> None:
        """Cut all links between two groups."""
        for each in other:
            self.cut.update((each, member) for member in one)
            self.cut.update((member, each) for member in one)

    def heal(self) -> None:
        """Join all links, and let the radio be as it should."""
        self.cut.clear()
        self.weather = Weather()
