"""Liars: what robots that lie about a quantity put on the air in place of what they believe.

The robots themselves are honest; their frames are changed on the way, for each receiver by itself. So the robot's code
has no line that lies, a liar moves as safely as any other, and one that tells each receiver something else needs no
radio that can do so: on one shared medium it would have to aim at each receiver.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Raw

from swarm_consensus.consensus.adversaries import Adversary, Constant, Divider, Oscillating, Ramp, Silent, TwoFaced
from swarm_consensus.network.frame import Frame, FrameError, Message, Values, decode, encode, messages_of, packed
from swarm_consensus.network.seal import inside, with_other
from swarm_consensus.robot.quantities import Told, read, write
from swarm_consensus.simulation.identities import proof_of
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.quantities import sizes
from swarm_consensus.simulation.scenario import Lie, Scenario

SAME_TO_ALL = ("constant", "ramp", "oscillating", "silent")  # kinds that tell all receivers the same
_SILENCE = Raw(b"\xc0")  # nil


def adversary(lie: Lie, rate: int) -> Adversary:
    """Return the liar of a lie; its rounds are ticks, so many a second."""
    value = np.array(lie.value)
    match lie.kind:
        case "constant":
            return Constant(value)
        case "ramp":
            return Ramp(value, np.array(lie.rate_per_s) / rate)
        case "oscillating":
            return Oscillating(value, np.array(lie.amplitude), (lie.period_s or 1.0) * rate)
        case "two_faced":
            return TwoFaced(value, np.array(lie.amplitude))
        case "divider":
            return Divider(value, np.array(lie.other))
        case "silent":
            return Silent()


class Liars:
    """All lies of a scenario.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster.
    rng
        Source of what liars draw.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot], rng: np.random.Generator) -> None:
        index = {robot.name: place for place, robot in enumerate(robots)}
        names = [quantity.name for quantity in scenario.quantities]
        self._rng = rng
        self._sizes = sizes(scenario)
        self._lies: dict[int, dict[int, Adversary]] = {}  # by roster index and place of the quantity
        for lie in scenario.lies:
            said = self._lies.setdefault(index[lie.robot], {})
            said[names.index(lie.quantity)] = adversary(lie, scenario.control.rate_hz)
        self._prove = {robot: proof_of(scenario, robots[robot].name) for robot in self._lies}

    def spoil(self, heard: Sequence[Sequence[bytes]]) -> list[list[bytes]]:
        """Return what each robot hears, with the lies told to it in the place of values."""
        return [[self._spoilt(data, receiver) for data in frames] for receiver, frames in enumerate(heard)]

    def _spoilt(self, data: bytes, receiver: int) -> bytes:
        try:
            frame = decode(inside(data))
        except FrameError:
            return data
        lies = self._lies.get(frame.sender)
        if lies is None:
            return data
        messages = tuple([packed(self._lied(message, lies, frame, receiver)) for message in messages_of(frame)])
        lied, prove = encode(msgspec.structs.replace(frame, messages=messages)), self._prove[frame.sender]
        return lied if prove is None else with_other(data, lied, prove)  # a liar has its own key

    def _lied(self, message: Message, lies: dict[int, Adversary], frame: Frame, receiver: int) -> Message:
        if not isinstance(message, Values):
            return message
        entries = list(message.entries)
        for place, lie in lies.items():
            said = lie(frame.tick - 1, receiver, self._rng)
            true = read(entries[place], self._sizes[place])
            degree = 0 if true is None else true.degree
            entries[place] = _SILENCE if said is None else write(Told(tuple(said.tolist()), degree))
        return Values(tuple(entries))
