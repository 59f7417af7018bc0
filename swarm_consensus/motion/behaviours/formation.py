"""Formation: each robot takes a slot about a common centre, and the swarm moves there in shape.

Slots are shared out by an auction (`motion.auction`) whose tables ride on the frames. A robot's benefit of slot j is
2 (x - m).s_j, x where it begins and m the swarm's middle then: up to what doesn't change the choice, that is minus its
squared distance to the slot wherever the centre is. So nobody needs to agree on the centre first, and the
auction begins with prices near the right ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.motion.auction import Auction
from swarm_consensus.motion.behaviour import Briefing, Situation, Wish, behaviour
from swarm_consensus.motion.potential import attraction, repulsion, saturate

UNIT = 0.01  # m^2, of benefits and prices
STEP = 20  # units: the total of squared distances is within 0.2 m^2 for each robot of the least
GAIN = 1.0  # 1/s, towards the own slot: full speed from about a metre on
SHAPE = 0.5  # 1/s, towards where the neighbours' places say that the own slot is
SHARE = 0.5  # of the own speed, at most, for the shape, which is kept where the slot is in sight
NEAR = 0.05  # m, counts as there
HOME = 1.0  # m, nearer than this a robot makes way instead of asking for it
WIDTH = 0.6  # m, beyond the separation, over which it makes way
CALM = 20  # ticks without news of the auction after which its table is told only once in as many
_MOST = 1e9  # units: benefits beyond are cut, so that they are whole numbers of any machine


@behaviour("formation")
class Formation:
    """Take a slot and go there, keeping shape with the neighbours on the way.

    Without a goal the centre is where the slots of the living fit best, the mean of x_j - s_j, and a flying robot keeps
    the altitude at which it began. A robot that moves in the plane passes over the slots' altitude.

    References
    ----------
    K.-K. Oh, M.-C. Park, H.-S. Ahn, "A survey of multi-agent formation control", Automatica 53, 2015:
    displacement-based, ``v_i = k sum_j ((x_j - s_j) - (x_i - s_i))``; here the mean over the neighbours, not their
    sum, so that the gain bears old news whatever their number.
    """

    def __init__(self, briefing: Briefing) -> None:
        self._briefing = briefing
        self._slots = briefing.task.slots[:, : briefing.dims]
        self._auction: Auction | None = None
        self._altitude: Array = np.zeros(0)  # (d - 2,) m, where it began
        self._calm = 0  # ticks since the auction's tables differed
        self._own_way = -1  # slot to which the way was asked for: then the centre's way serves no more

    def __call__(self, situation: Situation) -> Wish:
        """Return what to do at one tick."""
        still = np.zeros_like(situation.position)
        if not len(self._slots):
            return Wish(still, arrived=True)
        auction = self._open(situation) if self._auction is None else self._auction
        note = self._trade(auction, situation)
        slot = auction.slot
        if slot is None:
            return Wish(still, arrived=False, note=note)
        known, astray = self._astray(situation, auction, slot)
        centre = self._centre(situation, slot, astray)
        goal = centre + self._slots[slot]
        offset = goal - situation.position
        distance2 = float(offset @ offset)
        ahead = self._towards(situation, slot, centre, goal)
        pull = attraction(situation.position, ahead, goal, GAIN, situation.speed)
        if distance2 > HOME**2:
            linked = astray[situation.linked[known]]
            if len(linked) and ahead is goal:  # round a wall the shape would pull straight into it
                pull = pull + saturate(SHAPE * linked.mean(axis=0), SHARE * situation.speed)
            return Wish(saturate(pull, situation.speed), arrived=False, pushing=True, note=note)
        pull = saturate(pull + _making_way(situation), situation.speed)
        return Wish(pull, arrived=distance2 <= NEAR**2, note=note)

    def _open(self, situation: Situation) -> Auction:
        """Begin the auction, from where the robots are now."""
        middle = situation.offset.sum(axis=0) / (1 + len(situation.offset))  # own position minus the swarm's middle
        middle[2:] = 0.0  # rovers can't come up: altitude decides nothing
        shifted = self._slots - self._slots.mean(axis=0)
        benefits = np.clip(2.0 * shifted @ middle / UNIT, -_MOST, _MOST)
        self._altitude = situation.position[2:].copy()
        self._auction = Auction(self._briefing.index, np.rint(benefits).astype(np.int64), STEP)
        return self._auction

    def _trade(self, auction: Auction, situation: Situation) -> bytes | None:
        """Hear and bid; return what to say: all the time while tables differ, then now and then, for late-comers."""
        before = auction.slot
        differed = [auction.hear(words) for _, words in situation.notes]
        slot = auction.bid()
        self._calm = 0 if any(differed) or slot != before else self._calm + 1
        talks = self._calm < CALM or (situation.tick + self._briefing.index) % CALM == 0
        return auction.words() if talks else None

    def _astray(self, situation: Situation, auction: Auction, slot: int) -> tuple[NDArray[np.bool_], Array]:
        """Tell of which others the slot is known, (k,), and how far off each of these says this robot is, (m, d) m."""
        taken = np.full(self._briefing.count, -1)
        sold = np.flatnonzero(auction.bidders < len(taken))
        taken[auction.bidders[sold]] = sold
        theirs = taken[situation.others]
        known = theirs >= 0
        astray = self._slots[slot] - self._slots[theirs[known]] - situation.offset[known]
        astray[:, 2:] = 0.0  # of others it isn't known whether they fly
        return known, astray

    def _centre(self, situation: Situation, slot: int, astray: Array) -> Array:
        """Return the formation's centre, shape (d,), m: the goal, or where the slots of the living fit best."""
        if situation.goal is not None:
            return situation.goal
        centre = situation.position - self._slots[slot] + astray.sum(axis=0) / (1 + len(astray))
        centre[2:] = self._altitude
        return np.asarray(centre)

    def _towards(self, situation: Situation, slot: int, centre: Array, goal: Array) -> Array:
        """Return where to head for: the slot if it is in sight, else the centre's way, which is known from the start.

        A way of the slot's own takes a while to find, so it is asked for only where the centre's leads no farther.
        """
        guidance = self._briefing.guidance
        if situation.goal is None:
            return goal
        if guidance.sees(situation.position, goal):
            return situation.beside(goal, centre)
        if self._own_way != slot:
            ahead = guidance.waypoint(situation.position, centre)
            if ahead is not centre:
                return situation.beside(ahead, centre)
            self._own_way = slot
        return situation.beside(guidance.waypoint(situation.position, goal), centre)


def _making_way(situation: Situation) -> Array:
    """Return how to step aside for those who push, shape (d,), m/s."""
    asking = situation.pushing
    return repulsion(
        situation.offset[asking], situation.distance[asking], situation.separation[asking], WIDTH, 2.0 * situation.speed
    )
