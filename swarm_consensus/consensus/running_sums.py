r"""The exact average over links that lose, delay, reorder and duplicate, in a network that changes: running sums.

Push-sum: each robot holds a mass, in the beginning its value, and a weight, in the beginning 1; each round it splits
both evenly among itself and its neighbours, and mass over weight tends to the average at every robot. A lost message
would take its share along. So a robot does not send shares but, for each neighbour, the *running sum* of all shares it
ever gave to it. The receiver adds by how much the sum has grown since it last heard it: whatever was lost comes with
the next message that arrives, what comes twice or late adds nothing.

What a robot holds is always :math:`m_i = v_i - \sum_j g_{ij} + \sum_j r_{ij}`, g_ij given to j in all and r_ij received
from j in all, and what is on its way from i to j is g_ij - r_ji. So the masses held and on their way sum to the values,
whatever happens. A link that is cleared by both ends (g = r = 0) takes nothing out of that sum, which is what makes
crashes and joins work:

- `RunningSums.forget` clears the link to a robot that is gone. What it had been given comes back, what it had given
  goes back. When all its neighbours have done so, the average is that of the rest, exactly. If it lives and returns,
  the link begins anew.
- Each link has a *session*; the end that hears a higher one clears the link and takes it over. A robot that restarts
  with nothing in memory begins its links at the present tick, above every session before.
- Until both ends have cleared a link the sum is off by what went over it. A robot that died and was not forgotten keeps
  its mass, and what was on its way to it: the others settle beside the average.

**Numbers.** All masses are integers, in units of the resolution, so that splitting and adding are exact: nothing leaks,
not by one rounding in a million rounds. Sums grow without end; on the air they are taken modulo 2^64, and as long as
the growth between two messages that arrive is below 2^63 its difference is exact all the same. It can't be more than
all mass in the swarm: n |v| < 2^63 resolution. Splitting leaves a remainder below one unit per neighbour, which keeps
the estimates from the average by about as many units as there are rounds to converge. It is exact, not resilient: a
liar shifts the result at will.

Convergence needs that the links which work over and over connect the swarm, and that links work both ways sooner or
later. It is geometric if they do so within a bounded time.

References
----------
C. Hadjicostis, N. Vaidya, A. Dominguez-Garcia, "Robust distributed average consensus via exchange of running sums",
IEEE Trans. Autom. Control 61, 2016. P. Almeida, C. Baquero, M. Farach-Colton, P. Jesus, M. Mosteiro, "Fault-tolerant
aggregation: flow-updating meets mass-distribution", Distrib. Comput. 30, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import ConsensusError
from swarm_consensus.network.frame import Count, Index

_MODULUS = 1 << 64
_ROUND = _MODULUS - 1  # masks what goes on the air
_HALF = 1 << 63
_WEIGHT = 1 << 50  # units of one robot's weight: 2^8 robots stay below 2^63
_ROBOTS = 256
_LEAST = _WEIGHT >> 8  # with less weight in hand than that, mass over weight is mostly rounding


class Given(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All that the sender gave to one robot in one session of their link."""

    robot: Index
    session: Count
    sums: tuple[int, ...]  # of each coordinate, then of the weight; modulo 2^64


class Sums(msgspec.Struct, array_like=True, frozen=True, tag="sums"):
    """A robot's running sums, one entry for each neighbour."""

    tick: Count  # of the sender; grows from message to message
    entries: tuple[Given, ...]


@dataclass(slots=True)
class _Link:
    session: int
    given: list[int]  # in all, this session
    received: list[int]
    tick: int = -1  # of the newest message that counted


@dataclass(slots=True)
class RunningSums:
    """One robot's part in averaging a value with the whole swarm.

    Each round: `step` for each message heard, then `tick`, whose result is broadcast.

    Parameters
    ----------
    own
        The robot's roster index.
    value
        Its value, shape (d,).
    resolution
        Unit in which masses are counted, in the unit of the values; the same in the whole swarm. The default, about
        2e-13, lets values be up to 8,000 in a swarm of 256.

    Raises
    ------
    ConsensusError
        If a value is not finite or too large for the resolution, or the resolution not above 0.
    """

    own: int
    value: Array
    resolution: float = 2.0**-42
    estimate: Array = field(init=False)  # (d,), of the average: the newest that rests on enough weight
    _units: list[int] = field(init=False)
    _held: list[int] = field(init=False)
    _links: dict[int, _Link] = field(init=False, default_factory=dict)
    _session: int = field(init=False, default=0)  # highest seen

    def __post_init__(self) -> None:
        if not 0 < self.resolution < np.inf:
            raise ConsensusError(f"resolution is {self.resolution}, must be above 0")
        self._units = self._counted(self.value)
        self._held = [*self._units, _WEIGHT]
        self.estimate = self._ratio()

    def step(self, sender: int, message: Sums) -> None:
        """Take in a message. One that is old, damaged or of a stranger changes nothing."""
        link = self._links.get(sender)
        if link is None:
            return
        own = self.own
        for entry in message.entries:
            if entry.robot == own:
                self._take(link, message.tick, entry)
                return

    def tick(self, tick: int, neighbours: Iterable[int]) -> Sums:
        """Give each neighbour its share, and return what to broadcast.

        One that has not been heard in this session of the link yet is told the session, and given nothing: it may not
        hear this robot at all.

        Parameters
        ----------
        tick
            The present tick of the swarm's clock; grows from call to call, also across restarts.
        neighbours
            Roster indexes of those the robot has links with: it heard them of late. An unknown one becomes known.
        """
        links = self._links
        receivers = [(robot, links.get(robot) or self._link(robot, tick)) for robot in neighbours]
        self.estimate = self._ratio()
        answered = [link.given for _, link in receivers if link.tick >= 0]
        shares = [mass // (len(answered) + 1) for mass in self._held]
        for place, share in enumerate(shares):
            self._held[place] -= len(answered) * share
        for given in answered:
            for place, share in enumerate(shares):
                given[place] += share
        entries = []
        for robot, link in receivers:
            given = link.given
            entries.append(Given(robot, link.session, tuple([total & _ROUND for total in given])))
        return Sums(tick, tuple(entries))

    def in_hand(self) -> tuple[Array, float]:
        """Return the mass that the robot holds now, shape (d,), and the weight: in units of the value, and of robots.

        Their quotient is the estimate. Where much is on its way, little is in hand, and a change of the own value
        weighs much: the quotient of means over some rounds is steadier.
        """
        *masses, weight = self._held
        return np.array([mass * self.resolution for mass in masses]), weight / _WEIGHT

    def update(self, value: ArrayLike) -> None:
        """Replace the robot's own value: the swarm's average follows, which tracks inputs that change.

        Raises
        ------
        ConsensusError
            As the constructor; if the shape is another.
        """
        changed = np.asarray(value, dtype=float)
        if changed.shape != self.value.shape:
            raise ConsensusError(f"value has shape {changed.shape}, was {self.value.shape}")
        units = self._counted(changed)
        for place, (new, old) in enumerate(zip(units, self._units, strict=True)):
            self._held[place] += new - old
        self.value, self._units = changed, units

    def forget(self, robot: int) -> None:
        """Clear the link to a robot that is gone; one that is not known is none."""
        link = self._links.pop(robot, None)
        if link is not None:
            self._clear(link)

    def expire(self, before: int) -> None:
        """Clear the links over which nothing came since before a tick of the swarm's clock, and take back their shares.

        Where robots move apart, what was given to one out of reach is as good as lost to the rest, and holds the
        average of long ago. The other end does the same, or takes over the session that begins anew.
        """
        for robot in [r for r, link in self._links.items() if max(link.tick, link.session) < before]:
            self.forget(robot)

    def _link(self, robot: int, tick: int) -> _Link:
        """Begin a link."""
        self._session = max(tick, self._session + 1)
        size = len(self._held)
        link = self._links[robot] = _Link(self._session, [0] * size, [0] * size)
        return link

    def _take(self, link: _Link, tick: int, entry: Given) -> None:
        held, received = self._held, link.received
        if len(entry.sums) != len(held):
            return
        if entry.session != link.session:
            # sessions begin at the tick or follow each other: one far ahead of it would use up the numbers there are
            if not link.session < entry.session <= tick + _ROBOTS:
                return
            self._clear(link)
            link.session, link.tick = entry.session, -1
            self._session = max(self._session, entry.session)
            held, received = self._held, link.received
        if tick <= link.tick:
            return
        link.tick = tick
        for place, total in enumerate(entry.sums):
            grown = ((total - received[place] + _HALF) & _ROUND) - _HALF
            received[place] += grown
            held[place] += grown

    def _clear(self, link: _Link) -> None:
        self._held = [m + g - r for m, g, r in zip(self._held, link.given, link.received, strict=True)]
        link.given, link.received = [0] * len(self._held), [0] * len(self._held)

    def _ratio(self) -> Array:
        *masses, weight = self._held
        if weight < _LEAST:
            return self.estimate
        return np.array([mass / weight * (_WEIGHT * self.resolution) for mass in masses])

    def _counted(self, value: Array) -> list[int]:
        most = _HALF // _ROBOTS
        counted = np.asarray(value, dtype=float) / self.resolution
        if counted.ndim != 1 or not (abs(counted) < most).all():
            raise ConsensusError(
                f"value {value} must be a vector of numbers between {-most * self.resolution:.6g} and "
                f"{most * self.resolution:.6g}; a coarser resolution than {self.resolution:.3g} widens that"
            )
        return [round(number) for number in counted.tolist()]
