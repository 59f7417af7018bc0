"""Decisions among liars: that they bear who is captured, and that what they decide is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import shapely

from swarm_consensus.agreement.quorum import liars_tolerated
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.decisions import liars_of, members_of, named
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Decision, Scenario

MOST = 10  # members: messages grow as n^2, and 10 bear three liars
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def decision_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the decisions, and with what is expected of them."""
    names, expect = robot_names(scenario), scenario.expect
    seen: dict[str, int] = {}
    for index, decision in enumerate(scenario.decisions):
        path = f"decisions[{index}]"
        if not _NAME.fullmatch(decision.name):
            yield f"{path}.name is {decision.name!r}, must be up to 32 lower-case letters, digits and _, a letter first"
        for field, value in (("name", decision.name), ("about", decision.about)):
            if seen.setdefault(f"{field} {value}", index) != index:
                yield f"{path}.{field} is {value!r}, which decisions[{seen[f'{field} {value}']}] has already"
        problems = [*_label_problems(path, decision, names)]
        yield from problems or _member_problems(path, decision, names)
        yield from _field_problems(path, decision, scenario)
    if scenario.decisions and scenario.security is None:
        yield "decisions is given, but security is missing: votes are signed, say by which keys: {seal: identity}"
    subjects = {decision.about for decision in scenario.decisions}
    if expect.decided_alike is not None and not subjects:
        yield "expect.decided_alike is given, but decisions is missing: there is nothing to decide"
    if expect.met_within_m is not None and "meeting_point" not in subjects:
        yield "expect.met_within_m is given, but no entry of decisions is about a meeting_point"


def _label_problems(path: str, decision: Decision, names: Sequence[str]) -> Iterator[str]:
    for field in ("members", "abort", "captured"):
        for label in getattr(decision, field):
            yield from label_problems(f"{path}.{field}", label, names)


def _member_problems(path: str, decision: Decision, names: Sequence[str]) -> Iterator[str]:
    """Who votes, and how many of them lie: n >= 3f + 1, or the honest may be parted."""
    members = members_of(decision, names)
    count, borne = len(members), liars_tolerated(len(members))
    if count > MOST:
        yield f"{path}.members are {count} robots, must be at most {MOST}; the others take what these can prove"
    for field in ("abort", "captured"):
        for name in named(getattr(decision, field), names):
            if name not in members:
                yield f"{path}.{field} has '{name}', which is no member: it has no vote"
    if decision.liars is not None and decision.liars > borne:
        yield (
            f"{path}.liars is {decision.liars}, but {count} members can't stand {decision.liars} liars; "
            f"they stand {borne} (n >= 3f + 1)"
        )
        return
    captured, bears = len(named(decision.captured, names)), liars_of(decision, names)
    if captured > bears and not decision.unsafe:
        why = f"they stand {borne} (n >= 3f + 1)" if bears == borne else f"liars is {bears}"
        yield (
            f"{path}.captured names {captured} of {count} members, but {count} members can't stand {captured} liars; "
            f"{why}; unsafe: true runs it all the same, without a promise"
        )
    if captured <= bears and decision.unsafe:
        yield f"{path}.unsafe is given, but no more robots are captured than the {bears} that are borne"


def _field_problems(path: str, decision: Decision, scenario: Scenario) -> Iterator[str]:
    """Name what is missing, and what nobody reads."""
    if decision.about == "mission":
        if decision.lures_m:
            yield f"{path}.lures_m is given, but about the mission captured robots say commit and abort"
        return
    if decision.abort:
        yield f"{path}.abort is given, but the decision is about a meeting_point"
    mission = scenario.mission
    if mission.behaviour != "rendezvous" or mission.goal_m is not None or mission.agreed_goal is not None:
        yield (
            f"{path}.about is meeting_point, so mission must be rendezvous without goal_m and agreed_goal: "
            "the goal is what is decided"
        )
    if not decision.captured:
        if decision.lures_m:
            yield f"{path}.lures_m is given, but nobody is captured who would name these places"
        return
    if len(decision.lures_m) != 2 or decision.lures_m[0] == decision.lures_m[1]:
        yield f"{path}.lures_m has {len(decision.lures_m)} places, must have two that differ: one for each half"
    corners = fence_corners(scenario.bounds_m)
    for number, place in enumerate(decision.lures_m):
        if len(place) != 2:
            yield f"{path}.lures_m[{number}] has {len(place)} numbers, must be [x, y]"
        elif not shapely.Polygon(corners).contains(shapely.Point(place)):
            yield f"{path}.lures_m[{number}] is {place}, outside of the fence: no honest robot would vote for it"
