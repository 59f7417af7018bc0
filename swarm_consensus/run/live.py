"""A robot that is asked while it runs, in the place of a run folder: who it is, how its pages are proven, what it told.

What it told goes the way of what a run folder holds: one robot's part of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from swarm_consensus.agreement.asking import is_told_by
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.errors import UNREADABLE, InputError, SwarmError, nearest
from swarm_consensus.network import key_files
from swarm_consensus.network.keys import KeyFault, PublicKey
from swarm_consensus.network.seal import Identity
from swarm_consensus.robot.minutes import fault
from swarm_consensus.run.asker import Asker, Wanted
from swarm_consensus.run.command import Seal
from swarm_consensus.run.keys import folder as key_folder
from swarm_consensus.run.shared_log import SharedLog, name_of
from swarm_consensus.run.worlds import find_world, load
from swarm_consensus.simulation.identities import simulated_key, swarm_of, trust_of
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Scenario

FIRST = 2**52  # numbers of first questions


@dataclass(frozen=True, slots=True)
class Call:
    """A robot that is to be asked, and what is known of it beforehand."""

    scenario: Scenario
    names: tuple[str, ...]  # the roster
    robot: str
    key: PublicKey | None  # that its pages are signed by; None: they need not be
    signer: PublicKey | None  # by whose key the heads of its journal are signed; None: not known
    swarm: bytes
    asker: Asker

    @property
    def topics(self) -> tuple[str, str]:
        """Where it is asked, and where it tells."""
        return f"/{self.robot}/asked", f"/{self.robot}/told"


def call(
    robot: str,
    scenario_file: str | Path,
    wanted: Wanted,
    seal: Seal = "identity",
    keys: Path | None = None,
    swarm: str = "",
    wall: int = 0,
) -> Call:
    """Return what it takes to ask a robot.

    Parameters
    ----------
    robot
        Its name.
    scenario_file
        The scenario that the robots have, or the name of a world.
    wanted
        What to ask for.
    seal
        How robots prove what they say; ``simulated``: as the scenario says, with its known keys.
    keys
        Folder of public keys; None: `$SWARM_KEYS`, else `~/.swarm/keys`.
    swarm
        For which swarm signatures are; default: the scenario's name.
    wall
        Seconds since 1970; only the expiry of keys looks at it.

    Raises
    ------
    InputError
        If the scenario is bad, has no such robot, or there is nothing that could be asked for.
    KeyFault
        If the robot's public key is missing or has expired.
    """
    scenario = load(find_world(scenario_file))
    names = tuple(robot_names(scenario))
    if robot not in names:
        hint = nearest(robot, names) or f"; its robots are {', '.join(names)}"
        raise InputError([f"{scenario_file}: no robot is named '{robot}'{hint}"])
    if scenario.agreement is None:
        raise InputError([f"{scenario_file}: its robots share no log; a world with a section agreement does"])
    if wanted == "journal" and not scenario.operators:
        what = "nobody can give orders there; a world with a section operators keeps a journal"
        raise InputError([f"{scenario_file}: {what}"])
    of = (swarm or scenario.name).encode()
    known = None if seal == "none" else _identity(scenario, robot, seal, keys)
    if known is not None and known.expires and wall >= known.expires:
        raise KeyFault(f"the key of {robot} has expired; what it signs counts for nothing")
    signer = None if known is None else known.key
    trust = trust_of(scenario)
    key = None if seal == "simulated" and (trust is None or trust.seal == "none") else signer
    accept: Callable[[bytes, bytes], bool] = lambda _, __: True  # noqa: E731
    if key is not None:
        accept = lambda data, signature: is_told_by(data, signature, key, of)  # noqa: E731
    asker = Asker(names.index(robot), wanted, secrets.randbelow(FIRST), accept)
    return Call(scenario, names, robot, key, signer, of, asker)


def _identity(scenario: Scenario, robot: str, seal: Seal, keys: Path | None) -> Identity:
    if seal == "simulated":
        return Identity(simulated_key(swarm_of(scenario), "robot", robot).public)
    try:
        return key_files.identity(keys or key_folder(None), robot)
    except KeyFault as error:
        raise KeyFault(
            f"{error}. Pages are proven by {robot}'s key; --seal simulated is for robots of 'swarm run', "
            "--seal none believes anybody"
        ) from error


def log_of(done: Call) -> SharedLog:
    """Return the log as the robot told it."""
    asker = done.asker
    assert asker.known is not None
    rate, commit = done.scenario.control.rate_hz, asker.known.commit
    return SharedLog(done.names, rate, {done.robot: asker.saved}, {done.robot: commit})


def flaw(done: Call) -> str:
    """Return where the journal that the robot told is not what it signed, in a sentence, or ''."""
    if done.signer is None:
        return (
            "nobody vouches for its lines: with --seal none there is no key that its signed heads could be held against"
        )
    return fault(done.asker.lines, done.signer, done.swarm)


def standing(done: Call) -> str:
    """Say how the log stands on the robot, and who vouches for what it told."""
    known, names = done.asker.known, done.names
    assert known is not None
    leader = "it knows no leader" if known.leader is None else f"{name_of(names, known.leader)} leads"
    vouched = f"signed by {done.key.fingerprint}" if done.key else "not signed: anybody here can speak in its name"
    return (
        f"{done.robot}, asked just now: {known.last} entries, settled up to {known.commit}, carried out up to "
        f"{known.applied}; in term {known.term} {leader}; {vouched}"
    )


def refusals(call: Call) -> str:
    """Return a sentence about pages that answered and were refused, or ''."""
    found = {cause: count for cause, count in call.asker.refused.items() if cause != "late"}
    if not found:
        return ""
    counts = ", ".join(f"{count} {cause}" for cause, count in sorted(found.items()))
    by = f" of {call.robot} as its key {call.key.fingerprint} proves them" if call.key else f" of {call.robot}"
    return f"what came on {call.topics[1]} was refused, as no pages{by}: {counts}"


def check(call: Call, waited: float, environ: Mapping[str, str]) -> None:
    """Look whether a robot has told everything.

    Parameters
    ----------
    call
        Asked.
    waited
        s, for an answer.
    environ
        In which it was asked.

    Raises
    ------
    SwarmError
        If it has not, with what may be the reason.
    """
    asker = call.asker
    if asker.fault:
        raise SwarmError(f"{call.robot}: {asker.fault}")
    if asker.done:
        return
    if refused := refusals(call):
        raise SwarmError(f"{refused}; no other answer within {waited:g} s")
    asked, told = call.topics
    domain = environ.get("ROS_DOMAIN_ID") or "not set, so 0"
    reach = environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE") or "not set, so SUBNET"
    silent = "did not answer" if asker.known is None else "fell silent while it told its part"
    raise SwarmError(
        f"{call.robot} {silent}: nothing on {told} within {waited:g} s, though asked {asker.sent} times on {asked}; "
        f"it may be off, or have another ROS_DOMAIN_ID (here {domain}; that of a 'swarm run' stands in its log.txt) "
        f"or ROS_AUTOMATIC_DISCOVERY_RANGE (here {reach})"
    )


@contextmanager
def believed(call: Call) -> Iterator[None]:
    """Turn what can't be read in what a robot told into a sentence: it may be proven and make no sense all the same.

    Raises
    ------
    SwarmError
        In place of any error in reading it.
    """
    try:
        yield
    except StorageError as error:
        raise SwarmError(f"what {call.robot} told makes no sense: {error}") from error
    except SwarmError:
        raise
    except (*UNREADABLE, TypeError, LookupError) as error:
        raise SwarmError(f"what {call.robot} told makes no sense: {str(error) or type(error).__name__}") from error
