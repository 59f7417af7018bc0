"""What can be set about the log, and which settings fit together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from swarm_consensus.agreement.errors import SettingsError

LARGEST_MESSAGE = 1000  # bytes of entries or snapshot, so that the message fits into a frame of 1400 beside its beacon
SMALLEST_MESSAGE = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one replica; all replicas of a log use the same."""

    # A follower that heard no leader for so long stands for election. It draws its patience anew each time, uniformly
    # from election_ticks to 2 election_ticks - 1. Safety never depends on it, except that of lease reads.
    election_ticks: int = 10
    # The leader is heard at least so often.
    heartbeat_ticks: int = 2
    # Usual one-way delay, hops included. Longer delays cost elections and nothing else.
    delay_ticks: int = 1
    # Share by which any robot's tick may be shorter or longer than the nominal one. LEASE READS ASSUME THIS: if two
    # clocks drift apart faster, or a robot that was suspended serves a read before it has counted the ticks it slept
    # through, a lease read may be stale. Nothing else depends on it.
    clock_drift: float = 0.01
    # Reads while the lease holds cost no message. Without, each read waits for one round of a majority, and nothing at
    # all is assumed about clocks.
    lease_reads: bool = True
    # Data of entries or of a snapshot in one message, bytes.
    message_bytes: int = 600
    # Entries sent to a follower ahead of its answers; also how far behind a learner may be that becomes a voter, and
    # how far behind a snapshot a follower may be that still gets entries instead of it.
    window: int = 64
    # Entries between two snapshots.
    snapshot_entries: int = 256

    @property
    def lease_ticks(self) -> int:
        """Ticks for which a leader may trust a round that a majority answered, by its own clock.

        A follower ignores candidates for E of its ticks after it heard the leader. They last at least (E - 1)(1 -
        drift) nominal ticks, since the first may come at once. L ticks of the leader, the one begun included, last at
        most L (1 + drift). So L = floor((E - 1)(1 - drift) / (1 + drift)).
        """
        return math.floor((self.election_ticks - 1) * (1 - self.clock_drift) / (1 + self.clock_drift))

    def validate(self) -> None:
        """Check each setting and how they fit together.

        Raises
        ------
        SettingsError
            With one sentence for each that does not fit.
        """
        problems = [*self._out_of_range()] or [*self._unrelated()]
        if problems:
            raise SettingsError(problems)

    def _out_of_range(self) -> Iterator[str]:
        for name in ("election_ticks", "heartbeat_ticks", "window", "snapshot_entries"):
            if getattr(self, name) < 1:
                yield f"{name} is {getattr(self, name)}, must be at least 1"
        if self.delay_ticks < 0:
            yield f"delay_ticks is {self.delay_ticks}, must be at least 0"
        if not 0.0 <= self.clock_drift < 0.5:
            yield f"clock_drift is {self.clock_drift}, must be at least 0 and less than 0.5"
        if not SMALLEST_MESSAGE <= self.message_bytes <= LARGEST_MESSAGE:
            yield f"message_bytes is {self.message_bytes}, must be from {SMALLEST_MESSAGE} to {LARGEST_MESSAGE}"

    def _unrelated(self) -> Iterator[str]:
        round_trip = 2 * self.delay_ticks
        least = 2 * self.heartbeat_ticks + round_trip
        if self.election_ticks <= least:
            yield (
                f"election_ticks is {self.election_ticks}, must be more than {least}: two heartbeats and a round trip, "
                "or one lost heartbeat costs the leader its place"
            )
        elif self.lease_reads and self.lease_ticks <= self.heartbeat_ticks + round_trip:
            yield (
                f"a lease lasts {self.lease_ticks} ticks and is renewed every {self.heartbeat_ticks + round_trip}: "
                "it would lapse between; raise election_ticks, or switch lease_reads off"
            )
