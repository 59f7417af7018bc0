"""Before a robot obeys it must know that its view of the roles is fresh; if it can't know, it denies.

A robot asks the log for a read again and again. A read that was *asked* at tick a and allowed, whenever that was,
shows that what is applied here has everything that was committed before a. The robot obeys at tick t only if

    t - a <= fresh_ticks,

by its own clock, and only by what is applied here. So after a revocation commits, the last command that any robot
could still obey comes within

    (fresh_ticks + 1) (1 + clock_drift)  nominal ticks,

whatever the radio does: a robot that is cut off stops obeying by itself. No message needs to arrive for that.

Halting is the safe direction: it is obeyed from every operator that is known here, fresh or not.

A key that expires is judged by the time of the log (`agreement.clocks`), as if somebody dismissed its owner then. No
robot asks its own clock.

References
----------
D. Ongaro, "Consensus: bridging theory and practice", 2014, section 6.4: reads without writing to the log.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.roles import ALWAYS, Roles

PAST = 64  # reads that are waited for at a time; older ones would show too little anyway


@dataclass(frozen=True, slots=True)
class Freshness:
    """Times of a view, the same on all robots."""

    fresh_ticks: int = 20  # for which a view counts as fresh, from the moment its read was asked for
    ask_ticks: int = 4  # between reads
    delay_ticks: int = 6  # largest usual time from asking to being allowed
    # Share by which any robot's tick may be shorter or longer than the nominal one. THE BOUND ASSUMES THIS, and that a
    # robot which was suspended counts the ticks it slept through before it obeys anything. The log's own settings say
    # what its lease reads assume beyond that.
    clock_drift: float = 0.01

    @property
    def bound_ticks(self) -> float:
        """Nominal ticks after the commit of a revocation within which the last command can be obeyed.

        Asked for within tick a, obeyed within tick t: less than t - a + 1 ticks of the robot lie between.
        """
        return (self.fresh_ticks + 1) * (1 + self.clock_drift)

    def validate(self) -> None:
        """Check how the times fit together.

        Raises
        ------
        SettingsError
            If robots would deny while all is well.
        """
        problems = [
            f"{name} is {getattr(self, name)}, must be at least {least}"
            for name, least in (("fresh_ticks", 1), ("ask_ticks", 1), ("delay_ticks", 0))
            if getattr(self, name) < least
        ]
        if not (0.0 <= self.clock_drift < 0.5 and math.isfinite(self.clock_drift)):
            problems.append(f"clock_drift is {self.clock_drift}, must be at least 0 and less than 0.5")
        least = self.ask_ticks + self.delay_ticks
        if not problems and self.fresh_ticks <= least:
            problems.append(
                f"fresh_ticks is {self.fresh_ticks}, must be more than {least}: ask_ticks {self.ask_ticks} and "
                f"delay_ticks {self.delay_ticks}, or robots deny between two reads"
            )
        if problems:
            raise SettingsError(problems)


class Gate:
    """One robot's judgement of commands; time is its own tick.

    Parameters
    ----------
    settings
        The same on all robots.
    roles
        The register as it is applied on this robot.
    """

    def __init__(self, settings: Freshness, roles: Roles) -> None:
        settings.validate()
        self._settings, self._roles = settings, roles
        self._asked: dict[int, int] = {}  # by token: the tick
        self._fresh_as_of: int | None = None  # tick at which the newest allowed read was asked for
        self._last_asked: int | None = None

    def read_due(self, now: int) -> bool:
        """Tell whether a read is to be asked for; then call `asked`."""
        return self._last_asked is None or now - self._last_asked >= self._settings.ask_ticks

    def asked(self, token: int, now: int) -> None:
        """Remember when a read was asked for, before it is."""
        self._last_asked = now
        self._asked[token] = now
        while len(self._asked) > PAST:
            del self._asked[next(iter(self._asked))]

    def served(self, token: int) -> None:
        """Take in that a read was allowed and that everything it shows is applied."""
        when = self._asked.pop(token, None)
        if when is not None and (self._fresh_as_of is None or when > self._fresh_as_of):
            self._fresh_as_of = when

    def age(self, now: int) -> int | None:
        """Return how many ticks ago the view was surely complete; None: never since the start."""
        return None if self._fresh_as_of is None else now - self._fresh_as_of

    def judge(self, author: bytes, action: str, now: int) -> str:
        """Return why a command is denied, in a sentence for status and journal, or '' if it is to be obeyed.

        Parameters
        ----------
        author
            Public key, which a signature has proven.
        action
            One of `roles.ACTIONS`.
        now
            This robot's tick.
        """
        objection = self._roles.may(author, action)
        if objection:
            return objection
        if action == ALWAYS:
            return ""
        age = self.age(now)
        if age is None:
            return "roles are not known to be fresh: the log has not answered since this robot started"
        if not 0 <= age <= self._settings.fresh_ticks:
            return f"roles are {age} ticks old, must be at most {self._settings.fresh_ticks}: the log does not answer"
        return ""
