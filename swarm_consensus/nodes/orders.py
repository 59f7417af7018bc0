"""What one robot's node is told at its start: its ROS parameters, checked, and the agent that they describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np

from swarm_consensus.agreement.roles import Person
from swarm_consensus.errors import SwarmError, nearest
from swarm_consensus.network import key_files
from swarm_consensus.network.keys import KeyFault
from swarm_consensus.network.seal import WEAKNESS
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.identity import Secrets, Trust
from swarm_consensus.run.disks import FOLDER, FolderDisk, open_disk, open_secrets
from swarm_consensus.run.keys import folder as key_folder
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.fleet import agent_configs
from swarm_consensus.simulation.identities import devices_of, freshness_of
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Scenario

WITHOUT = "seal:=none goes without, and anybody is believed"
Pace = Literal["lockstep", "clock"]
Seal = Literal["identity", "group", "none", "simulated"]


@dataclass(frozen=True, slots=True)
class Orders:
    """Parameters of a robot's node. They are read once; changing them later has no effect."""

    scenario: Path  # string: the placed scenario, the world.yaml of a run folder
    robot: str  # string: its name in the scenario; default: the last part of the namespace
    pace: Pace = "clock"  # string: clock (ROS time), or lockstep (a simulation that waits for every answer)
    stamped: bool = True  # bool: cmd_vel is a TwistStamped, otherwise a Twist
    rejoin: bool = False  # bool: it comes back after a crash, so its place says nothing about its links
    storage: Path | None = None  # string: folder of its log, if there is one; default: `facts` beside the scenario
    seal: Seal = "identity"  # string: how frames are proven; `simulated`: as the scenario says, with its known keys
    keys: Path | None = None  # string: folder of the robots' keys; default: $SWARM_KEYS, or ~/.swarm/keys
    swarm: str = ""  # string: for which swarm signatures are, and name of the key of a group; default: the scenario's


TYPES = {
    "scenario": str,
    "robot": str,
    "pace": str,
    "stamped": bool,
    "rejoin": bool,
    "storage": str,
    "seal": str,
    "keys": str,
    "swarm": str,
}


def check_orders(given: Mapping[str, Any], namespace: str) -> Orders:
    """Turn parameters into orders.

    Parameters
    ----------
    given
        Values by name.
    namespace
        Of the node; its last part is the default of ``robot``.

    Raises
    ------
    SwarmError
        If a parameter is missing or has a value it can't have.
    """
    robot = given.get("robot") or namespace.rpartition("/")[2]
    if not robot:
        raise SwarmError("parameter robot is missing, and no namespace (__ns) names the robot in its place")
    if not given.get("scenario"):
        raise SwarmError("parameter scenario is missing: the path of a placed world file, as runs/<run>/world.yaml")
    pace = given.get("pace", "clock")
    if pace not in get_args(Pace):
        raise SwarmError(f"parameter pace is '{pace}', must be clock or lockstep{nearest(pace, get_args(Pace))}")
    stamped = given.get("stamped", True)
    if pace == "lockstep" and not stamped:
        raise SwarmError("parameter stamped is false, must be true in lockstep: the stamp says which tick it answers")
    sealing = given.get("seal", "identity")
    if sealing not in get_args(Seal):
        known = ", ".join(get_args(Seal))
        raise SwarmError(f"parameter seal is '{sealing}', must be one of {known}{nearest(sealing, get_args(Seal))}")
    return Orders(
        scenario=Path(given["scenario"]),
        robot=robot,
        pace=cast("Pace", pace),
        stamped=stamped,
        rejoin=given.get("rejoin", False),
        storage=Path(given["storage"]) if given.get("storage") else None,
        seal=cast("Seal", sealing),
        keys=Path(given["keys"]) if given.get("keys") else None,
        swarm=given.get("swarm", ""),
    )


def load_agent(orders: Orders) -> Agent:
    """Make the agent of one robot of a placed scenario.

    Raises
    ------
    SwarmError
        If the scenario is bad or has no such robot, or its disk can't be used.
    """
    scenario = load(orders.scenario)
    robots = place(scenario, np.random.default_rng(0))
    names = [robot.name for robot in robots]
    if orders.robot not in names:
        raise SwarmError(f"{orders.scenario}: no robot is named '{orders.robot}'{nearest(orders.robot, names)}")
    folder = orders.storage or orders.scenario.parent / FOLDER
    config = agent_configs(scenario, robots, rejoin=orders.rejoin)[names.index(orders.robot)]
    trust, secrets = _trusted(orders, scenario, names, config.trust, folder)
    config = replace(config, trust=trust)
    storage = None
    if config.facts is not None:
        storage = open_disk(folder, orders.robot, config.facts.config(len(robots)))
    return Agent(config, storage, secrets, FolderDisk(folder / orders.robot))


def warning(orders: Orders) -> str:
    """Return what a person should know of a robot's seal, or ''."""
    if orders.seal == "simulated":
        return "seal is simulated: this robot's keys are no secret; for simulated worlds only"
    words = WEAKNESS[orders.seal]
    return f"seal is {orders.seal}: {words}" if words else ""


def _trusted(
    orders: Orders, scenario: Scenario, names: Sequence[str], simulated: Trust | None, folder: Path
) -> tuple[Trust | None, Secrets | None]:
    """Return whom a robot trusts, and what it alone knows: from key files, unless it is simulated.

    Raises
    ------
    SwarmError
        If a key is missing, or its file is not as it must be.
    """
    if orders.seal == "simulated":
        return simulated, None if simulated is None else open_secrets(folder, orders.robot, simulated)
    if orders.seal == "none" and simulated is None:
        return None, None
    where, swarm = key_folder(None if orders.keys is None else str(orders.keys)), orders.swarm or scenario.name
    try:
        ring = tuple(key_files.identity(where, name) for name in names)
        people = tuple(
            (known.key.raw, Person(each.name, each.role, known.expires, 0))
            for each in scenario.operators
            if each.role is not None
            for known in (key_files.identity(where, each.name),)
        )
        answering = devices_of(scenario) if orders.seal != "none" else []
        devices = tuple((name, key_files.identity(where, name)) for name in answering)
        key = key_files.private_key(where, orders.robot)
        group = key_files.group_secret(where, swarm) if orders.seal == "group" else b""
        marks = key_files.MarkFile(where / (orders.robot + key_files.MARKS))
        secrets = Secrets(key, key_files.next_epoch(where, orders.robot), marks, group)
    except KeyFault as fault:
        raise SwarmError(
            f"{fault}. Frames are sealed by keys; seal:=none goes without, and anybody is believed"
        ) from fault
    return Trust(swarm.encode(), orders.seal, ring, people, freshness_of(scenario), devices), secrets
