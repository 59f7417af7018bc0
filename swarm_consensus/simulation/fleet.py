"""From a scenario to what each robot and the radio channel are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Peak, Task
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.network.channel import ChannelModel, Outage
from swarm_consensus.robot.config import AgentConfig, Battery, Peer
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.agreement import facts_of, mesh_of
from swarm_consensus.simulation.cargo import bundle_of
from swarm_consensus.simulation.choices import choices_of
from swarm_consensus.simulation.decisions import decisions_of
from swarm_consensus.simulation.identities import trust_of
from swarm_consensus.simulation.permits import claims_of
from swarm_consensus.simulation.placement import PlacedRobot, blocking, prisms, start_links
from swarm_consensus.simulation.quantities import quantities_of
from swarm_consensus.simulation.roster import group_of
from swarm_consensus.simulation.scenario import Mission, Partition, Scenario


def agent_configs(
    scenario: Scenario, robots: Sequence[PlacedRobot], *, rejoin: bool = False
) -> tuple[AgentConfig, ...]:
    """Return every robot's orders, in the order of the roster.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster, as `place` returns it.
    rejoin
        True for robots that come back after a crash: where they are now says nothing about the links of the start.
    """
    control = scenario.control
    links = start_links(scenario, robots)
    roster = tuple(_peer(robot) for robot in robots)
    obstacles = tuple(prisms(scenario))
    fence = fence_corners(scenario.bounds_m)
    facts = facts_of(scenario)
    trust = trust_of(scenario)
    mission = scenario.mission
    goals = _points([*([] if mission.goal_m is None else [mission.goal_m]), *mission.goals_m.values()])
    sites = _points([*mission.points_m, *(dock.position_m for dock in scenario.docks)])
    claims = claims_of(scenario)
    return tuple(
        AgentConfig(
            index=index,
            roster=roster,
            vehicle=VEHICLES[robot.vehicle],
            rate=control.rate_hz,
            radio_range=scenario.radio.range_m,
            margin=control.margin_m,
            gain=control.gain_1_s,
            max_age=round(control.max_age_s * control.rate_hz),
            lost_after=round(control.lost_after_s * control.rate_hz),
            redundancy=control.redundancy,
            start_links=frozenset() if rejoin else frozenset(np.flatnonzero(links[index]).tolist()),
            obstacles=obstacles,
            fence=fence,
            altitude=scenario.altitude_m,
            task=task_of(scenario.mission, robot, robots),
            quantities=quantities_of(scenario, robot),
            facts=facts,
            trust=trust,
            choices=choices_of(scenario, robot, len(robots)),
            blocking=tuple(blocking(scenario)),
            battery=battery_of(scenario),
            mesh=mesh_of(scenario, scenario.agreement),
            decisions=decisions_of(scenario, robot.name),
            bundle=bundle_of(scenario, robot.name),
            armed=scenario.armed,
            goals=goals,
            sites=sites,
            claims=claims,
        )
        for index, robot in enumerate(robots)
    )


def _points(places: Sequence[Sequence[float]]) -> Array:
    return np.array([place[:2] for place in places], dtype=float).reshape(-1, 2)


def battery_of(scenario: Scenario) -> Battery | None:
    """Return what each robot is told of its battery; None if the scenario has none."""
    battery = scenario.battery
    if battery is None:
        return None
    return Battery(battery.capacity_j, battery.idle_w, battery.motion_j_m, battery.charge_w)


def _peer(robot: PlacedRobot) -> Peer:
    vehicle = VEHICLES[robot.vehicle]
    return Peer(name=robot.name, radius=vehicle.radius, reach=vehicle.reach, speed=robot.speed)


def goal_of(mission: Mission, robot: PlacedRobot) -> Array | None:
    """Return a robot's goal, (3,) m: its own, its group's or the common one; at its own altitude if none is named."""
    goal = mission.goals_m.get(robot.name, mission.goals_m.get(group_of(robot.name), mission.goal_m))
    if goal is None:
        return None
    altitude = goal[2] if len(goal) == 3 and robot.vehicle == "multirotor" else float(robot.position[2])
    return np.array([goal[0], goal[1], altitude])


def knows_goal(mission: Mission, robot: PlacedRobot) -> bool:
    """Tell whether a robot is told its goal; the verdict judges those too who are not."""
    if mission.behaviour == "seek":
        return False
    if mission.leader is not None:
        return robot.name == mission.leader
    return not mission.informed or robot.name in mission.informed or group_of(robot.name) in mission.informed


def task_of(mission: Mission, robot: PlacedRobot, robots: Sequence[PlacedRobot]) -> Task:
    """Return what the mission asks of one robot; names become places in the roster."""
    index = {other.name: place for place, other in enumerate(robots)}
    return Task(
        behaviour=mission.behaviour,
        goal=goal_of(mission, robot) if knows_goal(mission, robot) else None,
        slots=np.array([[*slot, 0.0][:3] for slot in mission.slots_m]).reshape(-1, 3),
        spacing=mission.spacing_m,
        density=tuple(Peak(np.array(peak.at_m), peak.width_m, peak.weight) for peak in mission.density),
        leader=None if mission.leader is None else index[mission.leader],
        agreed_goal=mission.agreed_goal,
        agreed_speed=mission.agreed_speed,
        spread=mission.spread_s,
        base=None if mission.base is None else index[mission.base],
        points=_points(mission.points_m),
    )


def channel_model(scenario: Scenario, robots: Sequence[PlacedRobot]) -> ChannelModel:
    """Return the radio of a scenario: of its robots, and after them of the docks that arbitrate."""
    radio = scenario.radio
    docks = len(scenario.docks) if scenario.claims is not None else 0
    walls = tuple((prism.polygon, prism.height) for prism in blocking(scenario))
    return ChannelModel(
        range=radio.range_m,
        walls=walls,
        loss=radio.loss,
        delay=radio.delay_s,
        jitter=radio.jitter_s,
        duplicate=radio.duplicate,
        reorder=radio.reorder,
        period=1.0 / scenario.control.rate_hz,
        partitions=tuple(_outage(partition, robots, docks) for partition in radio.partitions),
    )


def _outage(partition: Partition, robots: Sequence[PlacedRobot], docks: int) -> Outage:
    """Number the groups of a partition: robots in none of them, and docks, are group -1 together."""
    group = np.full(len(robots) + docks, -1)
    for number, names in enumerate(partition.groups):
        for index, robot in enumerate(robots):
            if robot.name in names or group_of(robot.name) in names:
                group[index] = number
    return Outage(start=partition.from_s, end=partition.until_s, group=group)
