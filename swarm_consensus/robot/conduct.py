"""What a robot wishes to do: its behaviour, unless people order it to land or its battery sends it on an errand.

Goal and pace may be what the swarm agrees on. Nothing here moves the robot: the filter comes after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from msgspec import Raw

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Aside, Briefing, Situation, Task, Wish, straight
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.motion.behaviours.go_to import go_to
from swarm_consensus.motion.company import Company, Network
from swarm_consensus.motion.guidance import Guidance, guidance_among
from swarm_consensus.motion.potential import saturate
from swarm_consensus.robot.arming import Arming
from swarm_consensus.robot.beliefs import Beliefs
from swarm_consensus.robot.charging import TOPIC as DOCK
from swarm_consensus.robot.charging import Charging, Errand, packed_token
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.enclosure import Enclosure
from swarm_consensus.robot.mission import landing
from swarm_consensus.robot.neighbours import Neighbours, View
from swarm_consensus.robot.safety import Closed
from swarm_consensus.robot.sharing import Sharing
from swarm_consensus.robot.speech import note
from swarm_consensus.robot.state import Permit


@dataclass(frozen=True, slots=True)
class Moment:
    """What a robot knows as it decides where to go."""

    tick: int
    reference: Array  # (3,) m
    velocity: Array  # (3,) m/s, of the reference in the period before
    neighbours: Neighbours
    view: View
    notes: tuple[tuple[int, Raw], ...]  # of others with the same behaviour, each with its sender


class Conduct:
    """One robot's wishes.

    Parameters
    ----------
    config
        Its orders.
    clearance
        Smallest distance at which it passes walls, m.
    beliefs, sharing
        What the swarm agrees on.
    enclosure, arming
        The fence that people ordered, and whether the robot may move.
    """

    def __init__(
        self,
        config: AgentConfig,
        clearance: float,
        beliefs: Beliefs,
        sharing: Sharing,
        enclosure: Enclosure,
        arming: Arming,
    ) -> None:
        self._config = config
        self._enclosure, self._arming = enclosure, arming
        self._ways_in: Guidance | None = None
        self._clearance = clearance
        self._beliefs = beliefs
        self._sharing = sharing
        self._dims = config.vehicle.dims
        self._speed = config.roster[config.index].speed
        guidance = self.take_up(config.task)
        rights = sharing.rights
        self._charging = Charging(config, rights, guidance) if rights is not None and config.battery else None
        self._errand = Errand()

    def take_up(self, task: Task) -> Guidance:
        """Go on with a task; return what knows the ways."""
        config = self._config
        fence = self._enclosure.corners
        guidance = _guidance(config, task, self._clearance, fence)
        self._task = task
        self._goal = None if task.goal is None else task.goal[: self._dims]
        walled = config.obstacles or not np.array_equal(fence, config.fence)
        self._waypoint = guidance.waypoint if walled and task.goal is not None else None
        self._company = Company(config.index, guidance, config.blocking)
        # of the notes by which robots of one behaviour talk; what they say may be about the area that they share
        ordered = self._enclosure.index
        self.topic = f"{task.behaviour} {ordered % 1000}" if ordered else task.behaviour  # at most 16 letters
        self._law = BEHAVIOURS[task.behaviour](self._briefing(guidance))
        return guidance

    def attend(self, moment: Moment, charge: float | None) -> None:
        """See to the battery; `charge` is a share of its capacity."""
        if self._charging is not None:
            self._errand = self._charging.tick(moment.tick, moment.reference, charge, moment.neighbours, moment.view)

    def reason_to_hold(self) -> str | None:
        """Return why the robot must not set out yet, or None."""
        speed = self._task.agreed_speed
        return None if speed is None or self._beliefs.settled(speed) else f"settling {speed}"

    def wish(self, moment: Moment) -> Wish:
        """Ask the behaviour, or whatever goes before it."""
        if self._sharing.lands or self._arming.sinks:
            return landing(self._dims, self._speed)
        situation = self._situation(moment)
        if self._enclosure.outside:
            wish = self._way_back(moment, situation)
        elif self._charging is not None and self._errand.what:
            wish = self._charging.wish(self._errand, situation)
        else:
            wish = self._law(situation)
        if self._task.agreed_speed is not None:
            wish = replace(wish, velocity=saturate(wish.velocity, self._pace()))
        return wish

    def _way_back(self, moment: Moment, situation: Situation) -> Wish:
        """Head for the ordered fence from outside, as for a goal, round the walls; a note is the behaviour's only."""
        aim = self._enclosure.aim(moment.reference, moment.tick)
        if self._ways_in is None:
            self._ways_in = _guidance(self._config, Task("go_to", goal=aim), self._clearance, self._config.fence)
        return go_to(replace(situation, waypoint=self._ways_in.waypoint, beside=straight), aim[: self._dims])

    @property
    def closed(self) -> Sequence[Closed]:
        """The docks onto which this robot must not go now."""
        charging = self._charging
        return () if charging is None else [charging.closed[dock] for dock in self._errand.closed]

    def shown(self) -> tuple[Raw, ...]:
        """Return what is said to docks."""
        token = self._errand.token
        return (() if token is None else note(DOCK, packed_token(token))) + self._sharing.claims()

    @property
    def errand(self) -> str:
        """What the robot does instead of what its behaviour says."""
        return "returns into the fence" if self._enclosure.outside else self._errand.what

    def permits(self) -> tuple[Permit, ...]:
        """Return the permits for docks that it has."""
        return () if self._charging is None else self._charging.told()

    def out(self) -> tuple[int, ...]:
        """Return the tokens of all permits that are out, as far as this robot knows."""
        return () if self._charging is None else self._charging.rights.out()

    def _situation(self, moment: Moment) -> Situation:
        dims, neighbours, view = self._dims, moment.neighbours, moment.view
        living = neighbours.living
        return Situation(
            tick=moment.tick,
            position=moment.reference[:dims],
            velocity=moment.velocity[:dims],
            goal=self._present_goal(moment.reference),
            waypoint=self._waypoint,
            others=living,
            offset=view.offset[living, :dims],
            distance=view.distance[living],
            separation=neighbours.living_separation,
            other_velocity=neighbours.velocities()[:, :dims],
            linked=neighbours.links(),
            pushing=neighbours.pushing(),
            speed=self._pace(),
            count=len(self._config.roster),
            notes=moment.notes,
            beside=self._beside(moment),
        )

    def _beside(self, moment: Moment) -> Aside:
        """Return what leads the robot past walls on the side on which those go whose links they would cut."""
        network = moment.neighbours.link_state.network
        return straight if network is None else partial(self._in_company, moment, network)

    def _in_company(self, moment: Moment, network: Network, ahead: Array, goal: Array) -> Array:
        followed = self._company.followed(moment.reference, network, goal)
        if followed is None or followed not in moment.neighbours.held:
            return ahead
        aim = goal.copy()
        aim[:2] = moment.neighbours.positions([followed])[0, :2]
        return aim

    def _pace(self) -> float:
        """Return the speed limit, m/s; if the swarm agrees on it, what this robot believes of it now."""
        name = self._task.agreed_speed
        agreed = None if name is None else self._beliefs.value(name)
        return self._speed if agreed is None else min(max(float(agreed[0]), 0.0), self._speed)

    def _present_goal(self, reference: Array) -> Array | None:
        """Return the goal, (d,) m; if the swarm decides or agrees on it, as this robot knows it now."""
        place, name = self._sharing.place(), self._task.agreed_goal
        if place is None and name is None:
            return self._goal
        if place is None and name is not None:
            place = self._beliefs.value(name)
        return None if place is None else np.concatenate((place, reference[2 : self._dims]))

    def _briefing(self, guidance: Guidance) -> Briefing:
        """Tell the behaviour all that does not change."""
        config = self._config
        return Briefing(
            task=self._task,
            index=config.index,
            count=len(config.roster),
            dims=self._dims,
            period=config.period,
            speed=self._speed,
            link=config.radio_range - config.margin - 2.0 * config.vehicle.reach,
            clearance=self._clearance,
            fence=self._enclosure.corners,
            obstacles=config.obstacles,
            guidance=guidance,
        )


def _guidance(config: AgentConfig, task: Task, clearance: float, fence: Array) -> Guidance:
    """Prepare the shortest ways round what blocks this robot: for one that flies, what reaches up to its altitude."""
    goal = task.goal
    altitude = goal[2] if goal is not None and config.vehicle.dims == 3 else 0.0
    blocking = [p.polygon for p in config.obstacles if p.height + clearance > altitude]
    guidance = guidance_among(blocking, fence, clearance)
    if goal is not None:
        guidance.waypoint(goal, goal)  # computed now, so that no tick has to
    return guidance
