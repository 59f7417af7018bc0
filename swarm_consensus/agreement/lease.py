"""Time for permits: the holder stops by its own clock before anybody may give its place to another.

A renewal carries the tick of its holder's clock at which it was **proposed**. *The holder* may use its permit for
`hold_ticks` after the newest such tick that was committed, so not at all before a renewal was. *The grantor*, whoever
leads, asks for a permit back when it has seen no new renewal for `lease_ticks` since it **applied** the last one, or
since it began to lead. Applying comes after proposing, whatever the delays. So with clocks within the stated drift
the holder has stopped by then, and no message needs to arrive for that. Copies that come late are older than what is
known, and prolong nothing.

*The place* itself keeps the highest token it has seen and refuses lower ones. That holds without any clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.semaphore import Place, Reclaim


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """Times of a lease, the same on all robots."""

    lease_ticks: int = 60  # after which the grantor asks back, by its clock
    renew_ticks: int = 10  # between renewals
    delay_ticks: int = 20  # largest usual time from proposing a renewal to knowing that it is committed
    # Share by which any robot's tick may be shorter or longer than the nominal one: THAT THE HOLDER STOPS IN TIME
    # ASSUMES THIS. The token at the place does not.
    clock_drift: float = 0.01

    @property
    def hold_ticks(self) -> int:
        """Ticks for which the holder goes on: floor((lease - 1)(1 - drift) / (1 + drift)), as in the log's settings."""
        return math.floor((self.lease_ticks - 1) * (1 - self.clock_drift) / (1 + self.clock_drift))

    def validate(self) -> None:
        """Check how the times fit together.

        Raises
        ------
        SettingsError
            If a lease would lapse while all is well.
        """
        if not 0.0 <= self.clock_drift < 0.5:
            raise SettingsError([f"clock_drift is {self.clock_drift}, must be at least 0 and less than 0.5"])
        least = self.renew_ticks + self.delay_ticks
        if self.delay_ticks < 0:
            raise SettingsError([f"delay_ticks is {self.delay_ticks}, must be at least 0"])
        if self.renew_ticks < 1:
            raise SettingsError([f"renew_ticks is {self.renew_ticks}, must be at least 1"])
        if self.hold_ticks <= least:
            words = (
                f"lease_ticks is {self.lease_ticks}, of which the holder may use {self.hold_ticks}; "
                f"that must be more than {least}: renew_ticks {self.renew_ticks} and delay_ticks {self.delay_ticks}"
            )
            raise SettingsError([words])


class Holder:
    """One permit on its holder's side; time is the holder's tick, from 1 on.

    Parameters
    ----------
    settings
        Of the lease.
    since
        Tick at which the robot started. What it renewed before a crash it may have given back, and forgotten that; so
        it goes on only once a renewal of its own is committed.
    """

    def __init__(self, settings: LeaseSettings, since: int = 0) -> None:
        self._settings = settings
        self._since = since
        self._proposed = 0

    def may_use(self, now: int, renewed: int) -> bool:
        """Tell whether the permit may be used in this tick; `renewed` as it stands in the grant."""
        return max(self._since, 1) <= renewed <= now < renewed + self._settings.hold_ticks

    def renewal_due(self, now: int) -> bool:
        """Tell whether a renewal with this tick is to be proposed; to be called once a tick."""
        if self._proposed and now - self._proposed < self._settings.renew_ticks:
            return False
        self._proposed = now
        return True


class Grantor:
    """Watches over the permits that are out, on every robot; only the leader's requests are proposed."""

    def __init__(self, settings: LeaseSettings) -> None:
        self._settings = settings
        self._seen: dict[tuple[str, int], tuple[int, int]] = {}  # by place and token: renewal, and since when

    def overdue(self, places: Mapping[str, Place], now: int, leads: bool) -> list[Reclaim]:
        """Return what is to be proposed; to be called once a tick."""
        if not leads:
            self._seen.clear()
            return []
        seen, due = {}, []
        for name, place in places.items():
            for grant in place.grants:
                renewed, since = self._seen.get((name, grant.token), (-1, now))
                if renewed != grant.renewed:
                    since = now
                seen[name, grant.token] = (grant.renewed, since)
                if now - since >= self._settings.lease_ticks:
                    due.append(Reclaim(name, grant.token, grant.renewed))
        self._seen = seen
        return due


class Gate:
    """The place itself: lets in who has the highest token so far. Of several equal places each has its own.

    Parameters
    ----------
    highest
        As it was stored. The new one must be stored before anybody is let in.
    """

    def __init__(self, highest: int = 0) -> None:
        self.highest = highest

    def admits(self, token: int) -> bool:
        """Tell whether a token is good, and remember it."""
        if token < max(self.highest, 1):
            return False
        self.highest = token
        return True
