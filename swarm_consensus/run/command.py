"""What `swarm command` and the ground station's node say to robots: words of a person turned into a signed request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from swarm_consensus.agreement.roles import ROLES, Body, Grant, Revoke, Ruling
from swarm_consensus.errors import InputError, nearest
from swarm_consensus.network import key_files
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.replay import MemoryMarks
from swarm_consensus.network.seal import Identity
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.identity import Trust
from swarm_consensus.robot.mission import Behave, Fence, Form, Goto, Sense, order
from swarm_consensus.run.keys import folder
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.fleet import agent_configs
from swarm_consensus.simulation.identities import group_secret, simulated_key, swarm_of, trust_of
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Scenario

Seal = Literal["identity", "group", "none", "simulated"]
ORDERS = ("goto", "behaviour", "formation", "halt", "resume", "land", "arm", "disarm", "fence", "grant", "revoke")
USAGE = {
    "goto": "X Y [Z], m",
    "behaviour": "NAME [ROBOT]",
    "formation": "X,Y for each robot, m",
    "halt": "",
    "resume": "",
    "land": "",
    "arm": "",
    "disarm": "",
    "fence": "X,Y of each corner, m, and then maybe LOW..HIGH, altitudes in m",
    "grant": f"WHO {'|'.join(ROLES)}",
    "revoke": "WHO",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """A ground station's side: who speaks, for which swarm, and how it knows the robots."""

    key: PrivateKey
    swarm: bytes
    ears: Ears
    body: Body | None  # what is asked for; None: nothing yet


def desk(
    scenario_file: Path,
    operator: str,
    words: Sequence[str] = (),
    seal: Seal = "identity",
    keys: Path | None = None,
    swarm: str = "",
) -> Desk:
    """Return a ground station's side.

    Parameters
    ----------
    scenario_file
        The placed scenario, the same that the robots have.
    operator
        Whose private key signs.
    words
        An order and its words, as on the command line; empty: none yet.
    seal
        How robots prove their frames; ``simulated``: as the scenario says, with its known keys.
    keys
        Folder of the operator's private key and of all public ones.
    swarm
        For which swarm signatures are; default: the scenario's name.

    Raises
    ------
    InputError
        If the words make no order.
    KeyFault
        If a key is missing, or its file is not as it must be.
    """
    scenario = load(scenario_file)
    config = agent_configs(scenario, place(scenario, np.random.default_rng(0)))[0]
    names = [peer.name for peer in config.roster]
    if seal == "simulated":
        name, trust, group = swarm_of(scenario), trust_of(scenario), group_secret(swarm_of(scenario))
        key = simulated_key(name, "operator", operator)
    else:
        where, name = keys or folder(None), (swarm or scenario.name).encode()
        key = key_files.private_key(where, operator)
        trust = Trust(name, seal, tuple(key_files.identity(where, robot) for robot in names))
        group = key_files.group_secret(where, name.decode()) if seal == "group" else b""
    body = None
    if words:
        body = body_from(words, names, lambda who: _identity(scenario, who, seal, keys))
        nonsense = Sense(config)(body) if not isinstance(body, Grant | Revoke) else ""
        if nonsense:
            raise InputError([nonsense])
    return Desk(key, name, Ears(trust, group, MemoryMarks()), body)


def _identity(scenario: Scenario, who: str, seal: Seal, keys: Path | None) -> Identity:
    if seal == "simulated":
        return Identity(simulated_key(swarm_of(scenario), "operator", who).public)
    return key_files.identity(keys or folder(None), who)


def body_from(  # noqa: PLR0911 - one case for each order
    words: Sequence[str], names: Sequence[str], identity: Callable[[str], Identity]
) -> Body:
    """Return what the words of a person ask for.

    Parameters
    ----------
    words
        An order and its words.
    names
        The roster.
    identity
        Looks up the key of a person.

    Raises
    ------
    InputError
        If they make no order.
    """
    action, given = words[0], list(words[1:])
    if action not in ORDERS:
        raise InputError([f"there is no order '{action}'{nearest(action, ORDERS)}; known are {', '.join(ORDERS)}"])
    match action, given:
        case "goto", [_, _] | [_, _, _]:
            return order("goto", Goto([_number(each) for each in given]))
        case "behaviour", [name]:
            return order("behaviour", Behave(name))
        case "behaviour", [name, robot]:
            if robot not in names:
                raise InputError([f"there is no robot '{robot}'{nearest(robot, names)}"])
            return order("behaviour", Behave(name, list(names).index(robot)))
        case "formation", [_, *_]:
            return order("formation", Form([_place(each) for each in given]))
        case "fence", [*corners, band] if ".." in band:
            low, _, high = band.partition("..")
            return order("fence", Fence([_corner(each) for each in corners], (_number(low), _number(high))))
        case "fence", [_, *_]:
            return order("fence", Fence([_corner(each) for each in given]))
        case "grant", [who, role]:
            if role not in ROLES:
                raise InputError([f"role '{role}' does not exist{nearest(role, ROLES)}"])
            known = identity(who)
            return Grant(known.key.raw, who, role, known.expires)
        case "revoke", [who]:
            return Revoke(identity(who).key.raw)
        case (("halt" | "resume" | "land" | "arm" | "disarm"), []):
            return order(action)
    usage = USAGE[action]
    raise InputError([f"'{action}' takes {usage}" if usage else f"'{action}' takes no words, and got '{given[0]}'"])


def said(ruling: Ruling) -> str:
    """Tell a ruling as a sentence."""
    where = f"entry {ruling.index} of the log" if ruling.index else "for now, by the robot that heard it"
    if ruling.allowed:
        return f"{ruling.author}: {ruling.action}: allowed, {where}"
    return f"{ruling.author}: {ruling.action}: denied, {where}: {ruling.why}"


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise InputError([f"'{word}' is no number"]) from None


def _corner(word: str) -> tuple[float, float]:
    place = _place(word)
    if len(place) != 2:
        raise InputError([f"'{word}' must be X,Y: a corner has no altitude"])
    return place[0], place[1]


def _place(word: str) -> list[float]:
    place = [_number(each) for each in word.split(",")]
    if len(place) not in (2, 3):
        raise InputError([f"'{word}' must be X,Y or X,Y,Z"])
    return place
