r"""Which links to hold: they form freely, and are let go only where the swarm surely stays one network without them.

Time is cut into epochs, common to all by the tick. Within an epoch a robot's set of held links does not change. Each of
its frames tells that set and its *anchor*, the place of its reference at the epoch's first tick. So whoever hears one
frame of an epoch knows what its sender holds until the epoch's end, and where it was, exactly as everybody else does.
At the end of an epoch robot i may let the link ij go if it heard what j and witnesses said in that epoch, from
themselves or from others who pass it on, such that

- the links from i by way of the witnesses to j, and ij itself, are all held by both ends, as these say, and
- ij is the largest of them: links with a wall near that blocks the radio are larger than all others, and of these, and
  of the others, the longer ones, by the anchors, ties broken by the roster.

A long link goes if there is one witness, who with i and j makes a triangle. One that binds, since it is nearly as long
as it may be or a wall is near, goes by any number of them: a swarm that stands in a ring would else be tied across, or
around a wall that blocks the radio.

*Why this keeps the network whole.* Call H the graph of all links held by both ends in an epoch. The order of links is
strict, and all robots share it, since it is told from anchors and the map alone. A link that is let go is the largest
in a cycle of H, so that it is not in the minimum spanning tree of H, however many others are let go at the same time
(the cycle property, R. E. Tarjan, "Data structures and network algorithms", 1983, section 6.1). So the next epoch's
graph holds that tree. No bound on delay or loss is used: what was not heard is not let go. With two witnesses
needed, or two ways round that share none, the same holds for the graph without any one robot, since one of them is
left: a network that any one robot may leave stays so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeAlias

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.hindrance import Anchor, Hindrance

FORM = 0.95  # share of the kept range within which a link is taken up: not so near the limit that it binds at once
IDLE = 0.6  # share of the kept range below which a link hinders nobody, and is kept for the day on which a robot dies
_PATIENCE = 2  # epochs for which a link is offered that the other does not take up
_NO_WALLS = Hindrance((), 0.0)
_Size: TypeAlias = tuple[bool, int, int, int]  # whether a wall is near, squared length, mm^2, and the roster


class Holding:
    """The links of one robot, as a state machine over epochs.

    Parameters
    ----------
    own
        Its place in the roster.
    reach
        Longest distance at which each link is kept, shape (n,), m.
    epoch
        Length of an epoch, ticks.
    witnesses
        Without so many a link is not let go: 1, or 2 for a network that any one robot may leave.
    start
        Links held from the first tick on, by both ends.
    walls
        That block the radio.
    """

    def __init__(
        self, own: int, reach: Array, epoch: int, witnesses: int, start: Iterable[int], walls: Hindrance = _NO_WALLS
    ) -> None:
        count = len(reach)
        self._everybody = frozenset(range(count))
        self.anchor: Anchor = (0, 0, 0)
        self._own = own
        self._reach = reach
        self._length = epoch
        self._witnesses = witnesses
        self._epoch = -1
        self._walls = walls
        self._sizes: dict[tuple[int, int], _Size] = {}  # of links in the epoch that ends
        self._label = [-1] * count  # epoch of each other's last frame
        self._claims: list[frozenset[int]] = [frozenset()] * count  # what it said then that it holds
        self._anchors: list[Anchor] = [(0, 0, 0)] * count
        self._since: dict[int, int] = dict.fromkeys(start, -_PATIENCE)  # epoch since which each link is held

    @property
    def held(self) -> Iterable[int]:
        """The robots whose link this one holds."""
        return self._since.keys()

    def claims_of(self, robot: int) -> frozenset[int]:
        """Return what another robot last said that it holds."""
        return self._claims[robot]

    def hear(self, sender: int, tick: int, claims: frozenset[int], anchor: Anchor | None) -> None:
        """Take in what a robot said of its links, from itself or passed on; `tick` is one of the epoch it is of."""
        epoch = tick // self._length
        if epoch < self._label[sender]:  # others were faster
            return
        self._claims[sender] = claims if claims <= self._everybody else claims & self._everybody
        if anchor is not None:
            self._label[sender], self._anchors[sender] = epoch, anchor

    def drop(self, robots: Iterable[int]) -> None:
        """Let go of the dead."""
        for robot in robots:
            self._since.pop(robot, None)

    def is_due(self, tick: int) -> bool:
        """Tell whether an epoch has ended since the last `turn`."""
        return tick // self._length != self._epoch

    def turn(self, tick: int, reference: Array, surely: Array, barred: Collection[int]) -> bool:
        """Change the links if an epoch has ended; return whether they may have changed.

        Parameters
        ----------
        tick
            The present one.
        reference
            Where the robot's is now, shape (3,), m.
        surely
            Distance within which each other surely is, shape (n,), m.
        barred
            Robots whose link must not be taken up: the dead, and those that may be out of sight.
        """
        if not self.is_due(tick):
            return False
        epoch = tick // self._length
        self._sizes.clear()
        if self._epoch >= 0:
            self._take_up(surely, {*barred, *self._let_go()}, epoch)
        self._epoch = epoch
        x, y, z = (1000.0 * reference).round().astype(int).tolist()
        self.anchor = (x, y, z)
        return True

    def _let_go(self) -> list[int]:
        """Let go of links that are not needed, and of those that the other end does not want; return whose."""
        own, needed = self._own, self._witnesses
        self._label[own], self._anchors[own], self._claims[own] = self._epoch, self.anchor, frozenset(self._since)
        spare = [
            robot
            for robot in self._since
            if self._heard(robot)
            and (
                self._unwanted(robot)
                or self._can_spare(robot, needed)
                or (self._exceeds(robot, FORM) and self._is_spanned(robot, needed))
            )
        ]
        self.drop(spare)
        return spare

    def _take_up(self, surely: Array, barred: Collection[int], epoch: int) -> None:
        """Take up links with those that are surely well within range, or that hold theirs and are surely within."""
        for robot in np.flatnonzero(surely <= self._reach).tolist():
            if robot == self._own or robot in self._since or robot in barred:
                continue
            wanted = surely[robot] <= FORM * self._reach[robot] or self._own in self._claims[robot]
            if wanted and not self._can_spare(robot, self._witnesses):
                self._since[robot] = epoch

    def _heard(self, robot: int) -> bool:
        return self._label[robot] == self._epoch

    def _unwanted(self, robot: int) -> bool:
        """Tell whether a link was offered for long enough, and the other end still does not hold it."""
        return self._own not in self._claims[robot] and self._since[robot] <= self._epoch - _PATIENCE

    def _can_spare(self, robot: int, needed: int) -> bool:
        """Tell whether a link hinders, and is the largest in triangles with enough witnesses."""
        if not self._heard(robot):
            return False
        own, claims = self._own, self._claims
        largest = self._size(own, robot)
        if not self._exceeds(robot, IDLE):
            return False
        for witness in claims[robot] & self._since.keys() - {robot}:
            if (
                self._heard(witness)
                and own in claims[witness]
                and robot in claims[witness]
                and self._size(own, witness) < largest
                and self._size(robot, witness) < largest
            ):
                needed -= 1
                if not needed:
                    return True
        return False

    def _exceeds(self, robot: int, share: float) -> bool:
        """Tell whether a link is longer than a share of the kept range, or has a wall near."""
        hindered, length2, *_ = self._size(self._own, robot)
        return hindered or length2 > (1000.0 * share * self._reach[robot]) ** 2

    def _is_spanned(self, robot: int, ways: int) -> bool:
        """Tell whether smaller links join both ends; if two ways are needed, also without any one robot."""
        between = self._way_round(robot)
        return bool(between) and (ways == 1 or all(self._way_round(robot, without) for without in between))

    def _way_round(self, robot: int, without: int | None = None) -> list[int]:
        """Return the robots on a shortest way of smaller links to another one, none if there is no such way."""
        largest = self._size(self._own, robot)
        before = {self._own: self._own}
        reached = [self._own]
        for here in reached:
            if here == robot:
                break
            for there in self._claims[here]:
                if (
                    there not in before
                    and there != without
                    and self._heard(there)
                    and here in self._claims[there]
                    and self._size(here, there) < largest
                ):
                    before[there] = here
                    reached.append(there)
        way = []
        while robot != self._own and robot in before:
            robot = before[robot]
            way.append(robot)
        return way[:-1]

    def _size(self, first: int, second: int) -> _Size:
        """Place of a link in the order that all robots share."""
        pair = (first, second) if first < second else (second, first)
        size = self._sizes.get(pair)
        if size is None:
            one, other = self._anchors[first], self._anchors[second]
            length2 = sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
            size = self._sizes[pair] = self._walls.near(one, other), length2, *pair
        return size
