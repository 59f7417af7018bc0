r"""What one robot knows of the whole swarm's links, and the algebraic connectivity of the network that they make.

Every robot says in each frame whose links it holds, and that changes only where an epoch ends (`motion.holding`). So a
claim "in epoch e robot j holds these" is true for all of the epoch, whoever repeats it. Robots pass on the claims they
learnt, newest knowledge first, each a few times; a claim of a later epoch replaces an earlier one. In an epoch of 20
ticks a wave of new claims so crosses the swarm in about a tick a hop, and what is lost on the way comes with a
repetition or with the next epoch's wave.

From the table each robot computes lambda_2 of the graph of links that *both* ends hold, among those it does not presume
dead: exact for what it knows. The estimate is None, not a guess, until the claims of all of them are known, and again
when one is older than `lost_after`. No safety rests on it.

The usual way, power iteration on the robots' values with averages in between (P. Yang et al., "Decentralized estimation
and control of graph connectivity for mobile sensor networks", Automatica 46, 2010), sends fewer bytes, but it turns
towards the second eigenvector by a factor of (1 - a lambda_3) / (1 - a lambda_2) a step, a < 2 / lambda_n. On a path of
20, lambda_2 = 0.025, lambda_3 = 0.098, lambda_n < 4, each step leaves more than 96 % of the error, before what averages
cost; and a lost message changes what is averaged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Raw

from swarm_consensus.arrays import Array
from swarm_consensus.graph import algebraic_connectivity
from swarm_consensus.motion.company import Network
from swarm_consensus.motion.hindrance import Anchor
from swarm_consensus.network.frame import ROBOTS, Claim, Claims, Frame, packed

PER_FRAME = 6  # claims in a frame: in a swarm of 100 they all go round within an epoch of 20 ticks
ROOM = 140  # bytes of a frame that they may take, whatever the size of the swarm
ANCHORED = 240  # the same where they tell anchors
AROUND = 10  # bytes of a message of them beside the claims
TOLD = 6  # times that a claim is passed on: with two, 30 % of loss keep a path of 20 from ever knowing
_FRAMING = 10  # bytes of a claim beside its bitmap, up to epoch 2^32
_ANCHOR = 16  # bytes of an anchor, wherever it is
_UNHEARD = -1
_NEVER = 2**62  # an epoch: of the robot itself, and of those that there are not, no claim is news
_NOWHERE = (math.nan, math.nan, math.nan)


class LinkState:
    """One robot's table of who says to hold which links.

    Parameters
    ----------
    own
        Its place in the roster.
    count
        Number of robots n in the roster.
    epoch
        Length of an epoch, ticks.
    lost_after
        Age from which on a claim is not relied upon, ticks.
    every
        Ticks between two looks at the estimate; robots take turns, so that not all compute in one tick.
    anchored
        Whether claims are passed on with the place where the robot was as the epoch began.
    """

    def __init__(self, own: int, count: int, epoch: int, lost_after: int, every: int, anchored: bool = False) -> None:
        self.lambda2: float | None = 0.0 if count == 1 else None  # of the held links; None: not known
        self._own = own
        self._count = count
        self._length = epoch
        self._lost_after = lost_after
        self._every = every
        self._due = 0  # tick of the next look
        self._width = (count + 7) // 8  # bytes of a bitmap
        self._anchored = anchored
        room, each = (ANCHORED, _FRAMING + _ANCHOR) if anchored else (ROOM, _FRAMING)
        self._most = max(min(PER_FRAME, room // (self._width + each)), 1)
        self.longest = room + AROUND  # bytes of a message of claims
        self._epoch = [_UNHEARD] * count + [_NEVER] * (ROBOTS - count)  # of each other's newest claim
        self._epoch[own] = _NEVER
        self._claims = [Claim(robot, 0, b"") for robot in range(count)]
        self._told = [0] * count  # how often each was passed on
        self._fresh: dict[int, None] = {}  # whose claims were not passed on yet, in the order learnt
        self._again: dict[int, None] = {}  # whose claims were, and will be once more
        self._graph: tuple[Array, list[int]] | None = None  # the links, and of whom, that the estimate is of
        self.network: Network | None = None  # as it is known, where anchors are told

    def hear(self, frame: Frame, claims: Iterable[Claim]) -> list[Claim]:
        """Take in an accepted frame, and the claims that it passes on; return what is news of these."""
        epoch = (frame.tick - 1) // self._length
        if epoch > self._epoch[frame.sender] and len(frame.held) <= self._width:
            self._learn(Claim(frame.sender, epoch, frame.held, frame.anchor if self._anchored else None))
        news = []
        for claim in claims:
            if self._epoch[claim.robot] < claim.epoch <= epoch and self._is_fit(claim):  # nobody knows of later epochs
                self._learn(claim)
                news.append(claim)
        return news

    def _is_fit(self, claim: Claim) -> bool:
        """Tell whether to pass on a claim: one longer than it need be would take others' room."""
        return len(claim.held) <= self._width and (claim.anchor is None or self._anchored)

    def _learn(self, claim: Claim) -> None:
        robot = claim.robot
        self._epoch[robot] = claim.epoch
        self._claims[robot] = claim
        self._told[robot] = 0
        self._again.pop(robot, None)
        self._fresh[robot] = None

    def claims(self) -> tuple[Raw, ...]:
        """Return the next claims to pass on as messages of a frame; none if all were told often enough."""
        chosen: list[int] = []
        for waiting in (self._fresh, self._again):
            while waiting and len(chosen) < self._most:
                robot = next(iter(waiting))
                del waiting[robot]
                chosen.append(robot)
        for robot in chosen:
            self._told[robot] += 1
            if self._told[robot] < TOLD:
                self._again[robot] = None
        return (packed(Claims(tuple([self._claims[robot] for robot in chosen]))),) if chosen else ()

    def look(self, tick: int, held: bytes, dead: Sequence[int], anchor: Anchor = (0, 0, 0)) -> None:
        """Bring the estimate up to date, where it is this robot's turn.

        Parameters
        ----------
        tick
            The present one.
        held
            Bitmap of the links that this robot holds.
        dead
            Robots that it presumes dead: they are no part of the network.
        anchor
            Of this robot.
        """
        if tick < self._due:
            return
        self._due = tick + self._every - (tick - self._own) % self._every
        living = sorted({*range(self._count)}.difference(dead))
        self._claims[self._own] = Claim(self._own, tick // self._length, held, anchor)
        links = self._links()
        if self._anchored:
            self.network = self._mapped(links, dead)
        oldest = (tick - self._lost_after) // self._length
        if any(self._epoch[robot] < max(oldest, 0) for robot in living):
            self.lambda2, self._graph = None, None
            return
        links = links[np.ix_(living, living)]
        if self._graph is None or self._graph[1] != living or not np.array_equal(self._graph[0], links):
            self.lambda2, self._graph = algebraic_connectivity(links), (links, living)

    def _mapped(self, links: Array, dead: Sequence[int]) -> Network:
        links = links.copy()
        links[list(dead)] = links[:, list(dead)] = 0.0
        places = [_NOWHERE if claim.anchor is None else claim.anchor for claim in self._claims]
        return Network(links, 0.001 * np.array(places, dtype=float))

    def _links(self) -> Array:
        """Adjacency of the links that both ends claim, (n, n)."""
        rows = b"".join([claim.held.ljust(self._width, b"\0") for claim in self._claims])
        table = np.frombuffer(rows, dtype=np.uint8).reshape(self._count, self._width)
        says = np.unpackbits(table, axis=1, count=self._count, bitorder="little").astype(bool)
        links = says & says.T
        np.fill_diagonal(links, False)
        return np.asarray(links, dtype=float)
