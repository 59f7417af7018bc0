"""How much each kind of topic trusts the network."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


@dataclass(frozen=True, slots=True)
class Qualities:
    """Quality of service of each kind of topic."""

    control: QoSProfile  # odometry and commands
    air: QoSProfile  # frames
    report: QoSProfile  # status and markers


# Exactly one sample is under way on each topic, and whoever joins late still gets it. So a run needs no wait for
# discovery, and a robot that was restarted misses no tick.
_EXACT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
_NEWEST = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# Deep enough for a burst of all neighbours within one period; a lost frame is not sent again.
_BURST = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=256, reliability=ReliabilityPolicy.BEST_EFFORT)
_REPORT = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)

LOCKSTEP = Qualities(control=_EXACT, air=_EXACT, report=_EXACT)  # a simulation that waits for every answer
CLOCK = Qualities(control=_NEWEST, air=_BURST, report=_REPORT)  # real robots, and simulations that don't wait
# What a person asks of a robot, and what it tells: who gets no answer asks again.
QUESTIONS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=8, reliability=ReliabilityPolicy.BEST_EFFORT)
