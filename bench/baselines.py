"""Robots that decide as is usual elsewhere: so that a safety test shows that it can fail.

``plain``: the classic control barrier rows on the last news, taken for the present. ``tense``: those rows for bodies
and walls, and links kept by a potential that has no bound at their end (M. Ji, M. Egerstedt, "Distributed coordination
control of multiagent systems while preserving connectedness", IEEE Trans. Robotics 23, 2007), at our rate and speed
limit. ``deaf``: no filter at all. All are our agent with only that changed, so they keep its distances for tracking,
its guidance and its slip.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Wish
from swarm_consensus.motion.limits import Limits
from swarm_consensus.motion.potential import saturate
from swarm_consensus.robot import safety
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.conduct import Moment
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.neighbours import Neighbours, View
from swarm_consensus.robot.safety import Blocked, Rows
from swarm_consensus.robot.state import Odometry


class PlainSafety(safety.Safety):
    """Barrier rows n.v <= gain (R - D) and -n.v <= gain (D - S), with rho = 0."""

    links = True

    def rows(
        self, reference: Array, neighbours: Neighbours, view: View, closed: Sequence[safety.Closed] = ()
    ) -> Rows | Blocked:
        """Take the news for the truth."""
        dims, gain = self._dims, self._config.gain
        unit = view.offset[:, :dims] / np.maximum(view.distance, 1e-9)[:, None]
        none = np.zeros(len(view.distance))
        apart = Limits(-unit, none, gain * np.maximum(view.distance - neighbours.separation, 0.0))
        link = Limits(unit, none, gain * np.maximum(neighbours.kept - view.distance, 0.0))
        blocks = [(apart, self._near)] + ([(link, self._link)] if self.links else [])
        walls = self._space.limits(reference, self.clearance, self._horizon, gain, dims)
        if walls is not None:
            blocks.append(walls)
        if dims == 3:
            blocks += self._band(float(reference[2]))
        limits, names = safety._joined(blocks)
        rows = safety.linear_rows(limits, self._speed)
        if rows is None:  # it has run into a wall
            return Blocked("obstacle")
        return Rows(rows[0], rows[1], names, rows[2])


class BodiesOnly(PlainSafety):
    """Without the rows for links."""

    links = False


class NoSafety(safety.Safety):
    """No rows: what the behaviour wishes is what is done."""

    def rows(
        self, reference: Array, neighbours: Neighbours, view: View, closed: Sequence[safety.Closed] = ()
    ) -> Rows | Blocked:
        """Let everything through."""
        return self._none


class Trusting(Agent):
    """A robot that takes old news for the present, and moves on as long as it knows where it is itself."""

    def _reason_to_hold(self, odometry: Odometry | None, neighbours: Neighbours, tick: int) -> str | None:
        return "odometry stale" if odometry is None else None


class Tense(Trusting):
    """A robot that is pulled back along each of its links, without bound as the link nears its end."""

    def _wish(self, moment: Moment) -> Wish:
        """Add the tension -sum (2 R - D) / (R - D)^2 w to what the behaviour wishes."""
        wish, neighbours, view = super()._wish(moment), moment.neighbours, moment.view
        held = list(neighbours.held)
        offset, distance, reach = view.offset[held, : self._dims], view.distance[held], neighbours.range[held]
        room = np.maximum(reach - distance, 1e-3)
        pull = ((2.0 * reach - distance) / room**2) @ offset
        return dataclasses.replace(wish, velocity=saturate(wish.velocity - pull, self._speed))


def plain(config: AgentConfig) -> Agent:
    """Return a robot with the classic rows."""
    return _with(config, PlainSafety)


def tense(config: AgentConfig) -> Agent:
    """Return a robot with an unbounded potential for links."""
    return _with(config, BodiesOnly, Tense)


def deaf(config: AgentConfig) -> Agent:
    """Return a robot without a filter."""
    return _with(config, NoSafety)


def _with(config: AgentConfig, kind: type[safety.Safety], robot: type[Agent] = Trusting) -> Agent:
    agent = robot(config)
    agent._safety = kind(config)
    return agent
