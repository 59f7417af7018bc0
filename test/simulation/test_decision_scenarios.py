"""Decisions and bundles of scenarios: what is refused and why, what is weaker, and what robots are told."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest

from swarm_consensus.network.manifest import check as check_manifest
from swarm_consensus.network.spreading import Transfer
from swarm_consensus.robot.bundles import digest_of
from swarm_consensus.robot.seats import Member
from swarm_consensus.run.verdict import weaker
from swarm_consensus.simulation.captured import Corrupter, Traitor
from swarm_consensus.simulation.cargo import bundle_of, data_of, manifest_of
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.checks.bundle import announcement
from swarm_consensus.simulation.decisions import decisions_of, timing_of
from swarm_consensus.simulation.form import form_problems
from swarm_consensus.simulation.identities import simulated_key
from swarm_consensus.simulation.scenario import Scenario

MEETING = {"name": "meeting", "about": "meeting_point"}
CAPTURED = {**MEETING, "captured": ["r_1", "r_4"], "lures_m": [[5, 5], [-5, -5]]}
MISSION = {"name": "go", "about": "mission"}
OPERATORS = [{"name": "ada", "role": "administrator"}, {"name": "bob", "role": "viewer"}]
MAP = {"name": "map", "source": "r_1", "bytes": 5000, "signed_by": "ada"}


def content(count: int = 7, **parts: Any) -> dict[str, Any]:
    robots = [{"name": f"r_{i + 1}", "vehicle": "rover", "position_m": [i, 0]} for i in range(count)]
    base = {"file_version": 1, "name": "row", "bounds_m": [[-9, -9], [19, 9]], "radio": {"range_m": 18}}
    return base | {"duration_s": 10, "robots": robots, "security": {}, "mission": {"behaviour": "rendezvous"}} | parts


def scenario(count: int = 7, **parts: Any) -> Scenario:
    return msgspec.convert(content(count, **parts), Scenario)


def decided(count: int = 7, **fields: Any) -> Scenario:
    return scenario(count, decisions=[{**CAPTURED, **fields}])


def loaded(count: int = 7, **fields: Any) -> Scenario:
    return scenario(count, agreement={}, operators=OPERATORS, bundle={**MAP, **fields})


# decisions


def test_two_captured_of_seven_are_borne_and_three_are_refused_in_a_sentence() -> None:
    assert check(decided()) == []
    (problem,) = check(decided(captured=["r_1", "r_4", "r_6"]))
    assert problem == (
        "decisions[0].captured names 3 of 7 members, but 7 members can't stand 3 liars; they stand 2 (n >= 3f + 1); "
        "unsafe: true runs it all the same, without a promise"
    )


def test_forced_it_runs_and_the_verdict_says_that_nothing_was_guaranteed() -> None:
    forced = decided(captured=["r_1", "r_4", "r_6"], unsafe=True)
    assert check(forced) == []
    (note,) = weaker(forced)
    assert note == (
        "decision 'meeting' is unsafe: 3 of 7 members are captured, 2 are borne; "
        "that the honest decide alike was not guaranteed"
    )
    assert weaker(decided()) == ()


@pytest.mark.parametrize(("count", "bears"), [(1, 0), (3, 0), (4, 1), (6, 1), (7, 2), (10, 3)])
def test_as_many_are_borne_as_n_bears(count: int, bears: int) -> None:
    for liars in range(4):
        problems = check(scenario(count, decisions=[{**MEETING, "liars": liars}]))
        assert bool(problems) == (liars > bears)
        if problems:
            said = f"{count} members can't stand {liars} liars; they stand {bears} (n >= 3f + 1)"
            assert problems == [f"decisions[0].liars is {liars}, but {said}"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "Meeting"}, "decisions[0].name is 'Meeting', must be up to 32 lower-case letters"),
    ({"members": ["r_99"]}, "decisions[0].members has 'r_99', there is no such robot or group"),
    ({"captured": ["q"]}, "decisions[0].captured has 'q', there is no such robot or group"),
    ({"members": ["r_2", "r_3", "r_4", "r_5"], "captured": ["r_1"]}, "has 'r_1', which is no member: it has no vote"),
    ({"liars": 1}, "captured names 2 of 7 members, but 7 members can't stand 2 liars; liars is 1"),
    ({"unsafe": True}, "unsafe is given, but no more robots are captured than the 2 that are borne"),
    ({"lures_m": []}, "decisions[0].lures_m has 0 places, must have two that differ"),
    ({"lures_m": [[1, 1], [1, 1]]}, "decisions[0].lures_m has 2 places, must have two that differ"),
    ({"lures_m": [[1, 1], [99, 1]]}, "lures_m[1] is [99.0, 1.0], outside of the fence"),
    ({"lures_m": [[1, 1], [1]]}, "decisions[0].lures_m[1] has 1 numbers, must be [x, y]"),
    ({"captured": []}, "lures_m is given, but nobody is captured who would name these places"),
    ({"abort": ["r_2"]}, "decisions[0].abort is given, but the decision is about a meeting_point"),
    ({"about": "mission"}, "decisions[0].lures_m is given, but about the mission captured robots say commit and abort"),
]


@pytest.mark.parametrize(("fields", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_decision_that_can_not_work_is_a_sentence(fields: dict[str, Any], said: str) -> None:
    (problem,) = check(decided(**fields))
    assert said in problem


ASIDE: list[tuple[dict[str, Any], str]] = [
    (
        {"decisions": [MEETING, {**MEETING, "name": "again"}]},
        "decisions[1].about is 'meeting_point', which",
    ),
    (
        {"decisions": [MEETING, {**MISSION, "name": "meeting"}]},
        "decisions[1].name is 'meeting', which",
    ),
    ({"decisions": [MEETING], "security": None}, "decisions is given, but security is missing: votes are signed"),
    ({"decisions": [MEETING], "mission": {"goal_m": [1, 1]}}, "mission must be rendezvous without goal_m"),
    ({"decisions": [MEETING], "mission": {"behaviour": "flocking"}}, "mission must be rendezvous without goal_m"),
    ({"expect": {"decided_alike": True}}, "expect.decided_alike is given, but decisions is missing"),
    ({"decisions": [MISSION], "expect": {"met_within_m": 1}}, "but no entry of decisions is about a meeting_point"),
    ({"expect": {"active_by_s": 5}}, "expect.active_by_s is given, but bundle is missing"),
]


@pytest.mark.parametrize(("parts", "said"), ASIDE, ids=[said for _, said in ASIDE])
def test_what_a_decision_needs_around_it_is_a_sentence(parts: dict[str, Any], said: str) -> None:
    (problem,) = check(scenario(**parts))
    assert said in problem


def test_eleven_members_are_refused_and_ten_of_eleven_are_not() -> None:
    (problem,) = check(scenario(11, decisions=[MEETING]))
    assert "decisions[0].members are 11 robots, must be at most 10" in problem
    members = [f"r_{number}" for number in range(2, 12)]
    assert check(scenario(11, decisions=[{**MEETING, "members": members}])) == []


def test_only_the_captured_are_told_that_they_are_and_each_honest_one_is_on_one_side() -> None:
    world = decided()
    for number in range(1, 8):
        orders = decisions_of(world, f"r_{number}")
        assert orders
        (part,) = orders.parts
        if number in (1, 4):
            assert isinstance(part.member, partial)
            assert part.member.func is Traitor
            assert part.member.args[0].side == {1: 0, 2: 1, 4: 0, 5: 1, 6: 0}
        else:
            assert part.member is Member
    assert decisions_of(scenario(), "r_1") is None


def test_members_are_patient_enough_for_their_mesh_to_replace_a_primary() -> None:
    """Of n members q bring a certificate of q votes: with more members, or a smaller budget, that takes longer."""
    times = [
        timing_of(world, world.decisions[0])
        for count in (4, 7, 10)
        for world in (scenario(count, decisions=[MEETING]),)
    ]
    assert times[0].again < times[1].again < times[2].again
    slow = scenario(decisions=[MEETING], agreement={"budget_bytes_s": 2000})
    assert timing_of(slow, slow.decisions[0]).again > 3 * times[1].again
    assert all(time.patience >= 1.5 * time.again - 1 for time in times)


# bundles

BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": "Map 1"}, "bundle.name is 'Map 1', must be up to 32 lower-case letters"),
    ({"source": "r_9"}, "bundle.source is 'r_9', there is no such robot"),
    ({"signed_by": None}, "bundle.signed_by is missing: nobody takes a bundle whose root no commander signed"),
    ({"signed_by": "adda"}, "bundle.signed_by is 'adda', there is no such operator; did you mean 'ada'?"),
    ({"signed_by": "bob"}, "bundle.signed_by is 'bob', whose role is viewer, must be commander or administrator"),
    ({"corrupting": ["q"]}, "bundle.corrupting has 'q', there is no such robot or group"),
    ({"corrupting": ["r_1"]}, "bundle.corrupting has 'r_1', which is the source"),
    (
        {"bytes": 10_000_000, "chunk_bytes": 700},
        "one needs up to 14 hashes beside it, 1326 bytes in all",
    ),
]


@pytest.mark.parametrize(("fields", "said"), BAD, ids=[said for _, said in BAD])
def test_a_bundle_that_can_not_work_is_a_sentence(fields: dict[str, Any], said: str) -> None:
    (problem,) = check(loaded(**fields))
    assert said in problem


def test_a_bundle_needs_a_log_whose_messages_can_hold_its_announcement() -> None:
    assert check(loaded()) == []
    problems = check(scenario(operators=OPERATORS, bundle=MAP))
    assert "bundle is given, but agreement is missing: the log says from when on a bundle counts" in problems
    (problem,) = check(scenario(operators=OPERATORS, bundle=MAP, agreement={"message_bytes": 100}))
    needs = announcement(loaded().bundle, 7)  # type: ignore[arg-type]
    assert problem.startswith(f"agreement.message_bytes is 100, must be at least {needs}")


SIZES = [
    ({"bytes": 0}, "bundle.bytes is 0, must be at least 1"),
    ({"bytes": 10_000_001}, "bundle.bytes is 10000001, must be at most 1e+07"),
    ({"chunk_bytes": 8}, "bundle.chunk_bytes is 8, must be at least 32"),
    ({"byte": 3}, "bundle.byte is not a known key; did you mean 'bytes'?"),
]


@pytest.mark.parametrize(("fields", "said"), SIZES)
def test_sizes_that_can_not_be_are_sentences(fields: dict[str, Any], said: str) -> None:
    assert form_problems(content(bundle={**MAP, **fields})) == [said]


def test_the_source_alone_has_the_data_and_all_know_who_may_vouch_for_it() -> None:
    world = loaded(corrupting=["r_3"])
    manifest = manifest_of(world)
    assert manifest
    assert world.bundle
    key = simulated_key(b"row", "operator", "ada").public
    check_manifest(manifest, [key])
    for number in range(1, 8):
        orders = bundle_of(world, f"r_{number}")
        assert orders
        assert (orders.data is not None) == (orders.manifest is not None) == (number == 1)
        assert orders.transfer is (Corrupter if number == 3 else Transfer)
    assert digest_of(data_of(world.bundle)) == digest_of(data_of(world.bundle))
    assert len(data_of(world.bundle)) == 5000
