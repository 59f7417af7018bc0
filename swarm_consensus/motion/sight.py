r"""Line of sight: the limits that keep a held link clear of walls that block the radio, whatever was not heard.

For a link between references r and s and a convex piece P of a wall of height H let G be the larger of

- F, the distance in the plane of the segment from r to s to P, and
- ``min(r_z, s_z) - H``, by how much both ends are above the wall.

What is kept is G >= c. Bodies stray from references by less than c, so the straight line between them then passes clear
of P, or above it. Robot i at r knows that j was at q, and is now and during the coming period within rho of it.

*Certificate.* A line with normal n that has P beyond it by c, r on its side, and all places where j may be on its side,

.. math:: n \cdot (r - p) \ge c, \quad n \cdot (q - p) \ge c + \rho \quad \text{for all } p \in P.

The half-plane is convex, so the whole segment is in it, whatever j does; i keeps to it with
-n.v <= gain (min_p n.(r - p) - c). Of all such lines the one that leaves i most room is taken. Or both ends are surely
above H + c, and i does not descend below that.

*No certificate.* F = c can then come about in one way only: the segment is a tangent from r to P widened by c, which
touches at a corner between the ends (the ends themselves keep away from walls by more than c). There are two such
tangents, P to the right or to the left. Their normals n depend on r alone, not on where j is. So i moves only to the
outer side, n.v >= 0, of each tangent on which j could be. If it is above H + c it does not descend below that, and it
does not come in above P.

*Why this holds.* Take an instant at which G < c. Neither end has a certificate, since that means G >= c for its whole
period. So both move to the outer side of the tangent. A straight move to the outer side of the tangent at its
beginning is one to the outer side of all tangents on its way, as they only turn further outward. So neither end brings
the segment nearer to P while F is c. Where F is a little smaller the normal differs by at most K (c - F), K a
constant, hence c - F grows at most like exp(K t) times what it was, which is 0. The same with the height. All pieces
are kept at once, each by itself; zero velocity satisfies every row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, inner, length
from swarm_consensus.motion.limits import Limits
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.tangents import from_segments, nearest, pieces_of, separating, unit, wrapped

STRAY = 0.02  # m, of c beyond what bodies stray from their references
_HAIR = 1e-6  # rad or m, by which an angle or a distance may be taken wrongly
_DOWN = np.array([0.0, 0.0, -1.0])


def sight_margin(reach: float, other_reach: float) -> float:
    """Return c for a link, m, from how far the bodies of its ends are from their references."""
    return max(reach, other_reach) + STRAY


class Sight:
    """Walls that block the radio, as one robot keeps its links clear of them.

    Parameters
    ----------
    walls
        Prisms on the ground.
    """

    def __init__(self, walls: Sequence[Prism]) -> None:
        self._pieces = pieces_of(walls)

    def limits(
        self,
        own: Array,
        others: Array,
        uncertainty: Array,
        margin: Array,
        speed: float,
        period: float,
        gain: float,
        dims: int,
    ) -> tuple[Limits, NDArray[np.intp]] | None:
        """Limits that keep links in sight.

        Parameters
        ----------
        own
            Reference r, shape (3,), m; kept clear of walls by more than c by limits of its own.
        others
            q, where the other ends were last known, shape (k, 3), m.
        uncertainty
            rho, how far each may be from there until the end of the period, shape (k,), m.
        margin
            c, shape (k,), m.
        speed, period, gain
            Greatest speed, m/s, duration of a tick, s, and share of slack used up per second, 1/s; at most 1 / T.
        dims
            2 for a robot that moves in the plane, 3 for one that flies.

        Returns
        -------
        Limits and links, or None
            Axis (m, dims), and the row of `others` behind each, (m,); None if no wall is near.
        """
        link, piece = self._near(own[None], others, margin + np.maximum(uncertainty, speed / gain))
        if not len(link):
            return None
        step = speed * period
        return _Pairs(self, own, others[link], uncertainty[link], margin[link], piece).limits(link, step, gain, dims)

    def surely(self, own: Array, others: Array, uncertainty: Array, margin: Array) -> NDArray[np.bool_]:
        """Tell to which others G >= c is certain.

        Parameters
        ----------
        own
            One point for all, shape (3,), or one for each, shape (k, 3), m.
        others, uncertainty, margin
            As for `limits`.

        Returns
        -------
        Array
            Shape (k,), bool.
        """
        start = np.broadcast_to(own, others.shape)
        link, piece = self._near(start, others, margin + uncertainty)
        sure = np.ones(len(others), dtype=bool)
        if len(link):
            pairs = _Pairs(self, start[link], others[link], uncertainty[link], margin[link], piece)
            sure[link[(pairs.slack < 0.0) & (pairs.drop < 0.0)]] = False
        return sure

    def _near(self, own: Array, others: Array, reach: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return links and the pieces that may be within reach of them: by bounding boxes in the plane."""
        low = np.minimum(own[:, :2], others[:, :2]) - reach[:, None]
        high = np.maximum(own[:, :2], others[:, :2]) + reach[:, None]
        overlap = (low[:, None] <= self._pieces.high) & (high[:, None] >= self._pieces.low)
        link, piece = np.nonzero(overlap.all(axis=-1))
        return link, piece


class _Pairs:
    """Pairs of a link and a piece of wall, and the best certificate of each."""

    def __init__(
        self, sight: Sight, own: Array, others: Array, rho: Array, margin: Array, piece: NDArray[np.intp]
    ) -> None:
        pieces = sight._pieces
        self.own, self.others, self.rho, self.margin = np.broadcast_to(own, others.shape), others, rho, margin
        self.corners, self.cone, self.width = pieces.corners[piece], pieces.cone[piece], pieces.width[piece]
        self.floor = pieces.heights[piece] + margin  # (p,) m, above which both ends pass over the wall
        self.at, self.to = self.own[:, :2], others[:, :2]
        self.way = nearest(self.at, self.corners)
        self.away = length(self.way)
        self._part()
        self._lift()

    def _part(self) -> None:
        """Find the normal of the line that leaves this robot most room, ``normal`` (p, 2), and the room ``slack``."""
        far = nearest(self.to, self.corners)
        apart = self.margin + self.rho
        lower, upper = separating(self.to, self.corners, far, apart)
        straight = np.arctan2(self.way[:, 1], self.way[:, 0])
        middle = 0.5 * (lower + upper)
        self.plain = np.abs(wrapped(straight - middle)) <= 0.5 * (upper - lower)
        ends = unit(np.stack((lower, upper), axis=1))
        room = inner(ends, (self.at - self.to)[:, None]) + self.rho[:, None]
        best = np.argmax(room, axis=1)[:, None]
        self.normal = np.where(
            self.plain[:, None], unit(straight), np.take_along_axis(ends, best[..., None], axis=1)[:, 0]
        )
        slack = np.where(self.plain, self.away - self.margin, np.take_along_axis(room, best, axis=1)[:, 0])
        self.slack = np.where(length(far) >= apart, slack, -np.inf)  # (p,) m, negative: no such line

    def _lift(self) -> None:
        """Find by how much this robot may descend, ``drop`` (p,) m; negative: not both ends are surely above."""
        self.above = self.own[:, 2] - self.floor
        self.drop = np.where(self.others[:, 2] - self.rho >= self.floor, self.above, -np.inf)

    def limits(self, link: NDArray[np.intp], step: float, gain: float, dims: int) -> tuple[Limits, NDArray[np.intp]]:
        """Spell out the rows."""
        over = (self.drop >= 0.0) & (self.drop >= self.slack)
        parted = ~over & (self.slack >= 0.0)
        open_ = ~over & ~parted
        # where the line faces the wall, a robot below the wall's top keeps to it anyway, by the limits of its body
        low = self.own[:, 2] <= self.floor - self.margin
        rows = [(self.normal, self.slack, parted & ~(self.plain & low))]
        if open_.any():
            outside = open_ & (self.away >= self.margin)
            if outside.any():
                rows += self._tangents(outside, step)
            rows.append((self.way / np.maximum(self.away, _HAIR)[:, None], self.away - self.margin, outside & ~low))
        axes = [-normal[which] for normal, _, which in rows]
        bounds = [gain * slack[which] for _, slack, which in rows]
        links = [link[which] for _, _, which in rows]
        if dims == 3:
            stays = over | (open_ & (self.above >= 0.0))
            axes = [np.pad(axis, ((0, 0), (0, 1))) for axis in axes] + [np.tile(_DOWN, (int(stays.sum()), 1))]
            bounds.append(gain * self.above[stays])
            links.append(link[stays])
        bound = np.concatenate(bounds)
        return Limits(np.concatenate(axes), np.zeros(len(bound)), bound), np.concatenate(links)

    def _tangents(self, outside: NDArray[np.bool_], step: float) -> list[tuple[Array, Array, NDArray[np.bool_]]]:
        """Return the tangents from this robot on which the other could be: normals, no slack, and for which pairs."""
        lower, upper = np.zeros(len(outside)), np.zeros(len(outside))
        lower[outside], upper[outside] = separating(
            self.at[outside], self.corners[outside], self.way[outside], self.margin[outside]
        )
        moved = np.maximum(self.rho, step)
        near = from_segments(self.at, self.to, self.corners) <= (self.margin + moved + _HAIR)[:, None]
        offset = self.at[:, None] - self.corners
        away = np.maximum(length(offset), _HAIR)
        bearing = np.arctan2(offset[..., 1], offset[..., 0])
        least, most = (
            np.arccos(np.clip((self.margin[:, None] + change) / away, -1.0, 1.0)) for change in (step, -step)
        )
        swing = np.arcsin(np.clip(step / away, 0.0, 1.0))
        found = []
        for end, sign in ((lower, -1.0), (upper, 1.0)):
            # normals of lines that touch at this corner, from anywhere that this robot comes to in the period
            middle = bearing + sign * 0.5 * (most + least - swing)
            half = 0.5 * (most - least + swing) + _HAIR
            touches = np.abs(wrapped(middle - self.cone)) <= self.width + half
            found.append((unit(end), np.zeros(len(end)), outside & (near & touches).any(axis=1)))
        return found
