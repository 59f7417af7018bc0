"""The decisions of a scenario: who votes, who is captured, and what each robot is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b

from swarm_consensus.agreement.byzantine.decision import Timing
from swarm_consensus.agreement.byzantine.votes import KeyRing
from swarm_consensus.agreement.quorum import byzantine_quorum, liars_tolerated
from swarm_consensus.robot.decisions import DecisionOrders, Part
from swarm_consensus.robot.seats import ABORT, COMMIT, Member, Question, pack_place
from swarm_consensus.simulation.agreement import mesh_of
from swarm_consensus.simulation.captured import Plot, Traitor
from swarm_consensus.simulation.identities import key_ring, swarm_of
from swarm_consensus.simulation.roster import members, robot_names
from swarm_consensus.simulation.scenario import Decision, Scenario

AGAIN_S = 1.5  # s, after which what was said is said again, at the soonest
VOTE = 185  # bytes of the mesh that a vote takes, with all that is around it


def named(labels: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the robots that some labels stand for, in the order of the roster."""
    found = {name for label in labels for name in members(label, names)}
    return [name for name in names if name in found]


def members_of(decision: Decision, names: Sequence[str]) -> list[str]:
    """Return the names of who votes."""
    return named(decision.members, names) if decision.members else list(names)


def liars_of(decision: Decision, names: Sequence[str]) -> int:
    """Return how many liars a decision is to bear: as many as its members can, unless fewer are enough."""
    borne = liars_tolerated(len(members_of(decision, names)))
    return borne if decision.liars is None else decision.liars


def question_of(scenario: Scenario, decision: Decision) -> Question:
    """Return what all robots are told of a decision."""
    names, swarm = robot_names(scenario), swarm_of(scenario)
    voting = members_of(decision, names)
    return Question(
        name=decision.name,
        about=decision.about,
        instance=blake2b(swarm + b"\0" + decision.name.encode(), digest_size=16).digest(),
        members=tuple(names.index(name) for name in voting),
        liars=liars_of(decision, names),
    )


def plot_of(decision: Decision, names: Sequence[str]) -> Plot:
    """Return what captured robots are up to: to tell every second of the others one value, and the rest the other."""
    captured = named(decision.captured, names)
    others = [name for name in members_of(decision, names) if name not in captured]
    return Plot(
        values=tuple(pack_place(*place) for place in decision.lures_m) or (COMMIT, ABORT),
        side={names.index(name): number % 2 for number, name in enumerate(others)},
    )


def timing_of(scenario: Scenario, decision: Decision) -> Timing:
    """Return the times of a decision, in ticks.

    To replace a primary each of n members sends a certificate of q votes, and the next one a proposal with q such
    certificates, all of which every robot passes on: n q + q^2 votes. Said again before that is through, it would keep
    the mesh too busy ever to get through.
    """
    names, rate = robot_names(scenario), scenario.control.rate_hz
    count = len(members_of(decision, names))
    quorum = byzantine_quorum(count, liars_of(decision, names))
    change_s = (count + quorum) * quorum * VOTE / mesh_of(scenario, scenario.agreement).bytes_s
    again_s = max(AGAIN_S, 2.0 * change_s)
    return Timing(patience=round(max(decision.patience_s, 1.5 * again_s) * rate), again=round(again_s * rate))


def part_of(scenario: Scenario, decision: Decision, robot: str) -> Part:
    """Return what one robot is told of a decision; nobody is told who is captured but these."""
    names = robot_names(scenario)
    is_captured = robot in named(decision.captured, names)
    return Part(
        question=question_of(scenario, decision),
        timing=timing_of(scenario, decision),
        value=None if decision.about == "meeting_point" else ABORT if robot in named(decision.abort, names) else COMMIT,
        member=partial(Traitor, plot_of(decision, names)) if is_captured else Member,
    )


def decisions_of(scenario: Scenario, robot: str) -> DecisionOrders | None:
    """Return what one robot is told of decisions; None if there are none."""
    if not scenario.decisions:
        return None
    return DecisionOrders(
        parts=tuple(part_of(scenario, decision, robot) for decision in scenario.decisions),
    )


def ring_of(scenario: Scenario, decision: Decision) -> KeyRing:
    """Return the keys of who votes, in their order."""
    return KeyRing(key_ring(swarm_of(scenario), members_of(decision, robot_names(scenario))))
