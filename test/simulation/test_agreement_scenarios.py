"""The log of scenarios: what is refused and why, and what robots are told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from swarm_consensus.run.verdict import weaker
from swarm_consensus.simulation.agreement import facts_of
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.form import form_problems
from swarm_consensus.simulation.scenario import Scenario


def content(count: int = 5, **parts: Any) -> dict[str, Any]:
    robots = [{"name": f"r_{i + 1}", "vehicle": "rover", "position_m": [i, 0]} for i in range(count)]
    base = {"file_version": 1, "name": "row", "bounds_m": [[-9, -9], [19, 9]], "radio": {"range_m": 18}}
    return base | {"duration_s": 10, "robots": robots, "agreement": {}} | parts


def scenario(count: int = 5, **parts: Any) -> Scenario:
    return msgspec.convert(content(count, **parts), Scenario)


@pytest.mark.parametrize(
    ("count", "voters", "chosen"),
    [
        (1, None, (0,)),
        (2, None, (0,)),
        (4, None, (0, 1, 2)),
        (9, None, (0, 1, 2, 3, 4)),
        (9, ["r_7", "r_2", "r_1"], (0, 1, 6)),
        (5, ["r"], (0, 1, 2, 3, 4)),
    ],
)
def test_who_votes(count: int, voters: list[str] | None, chosen: tuple[int, ...]) -> None:
    world = scenario(count, agreement={"voters": voters})
    assert check(world) == []
    orders = facts_of(world)
    assert orders is not None
    assert orders.voters == chosen
    config = orders.config(count)
    assert sorted((*config.voters, *config.learners)) == list(range(count))


def test_times_become_ticks_and_a_slow_radio_makes_the_mesh_patient() -> None:
    fast, slow = (
        facts_of(scenario(radio={"range_m": 8, "delay_s": delay}, agreement={"report_s": 2})) for delay in (0.0, 0.2)
    )
    assert fast is not None
    assert slow is not None
    assert (fast.settings.election_ticks, fast.settings.heartbeat_ticks, fast.report) == (30, 8, 40)
    assert slow.mesh.gap == fast.mesh.gap + 8  # 4 ticks there and 4 back
    assert slow.mesh.lifetime > fast.mesh.lifetime


HOT = {"quantity": "heat", "above": 30, "quiet_s": 10}

WRONG = [
    ({"agreement": {"voters": []}}, "agreement.voters is empty, must name at least 1 robot"),
    ({"agreement": {"voters": ["r_9"]}}, "agreement.voters has 'r_9', there is no such robot or group"),
    ({"agreement": {"voters": ["r", "r_2"]}}, "agreement.voters has 'r_2' 2 times, must be once"),
    (
        {"agreement": {"heartbeat_s": 1.0}},
        "agreement has times that can't work, in ticks of 1/20 s: election_ticks is 30, must be more than 52",
    ),
    ({"agreement": {"clock_drift": 0.4}}, "a lease lasts 12 ticks and is renewed every 20"),
    ({"agreement": {}, "expect": {"resumes_within_s": 2}}, "agreement.report_s is missing"),
    ({"agreement": {"jobs": [{"name": "Tea", "every_s": 5}]}}, "agreement.jobs[0].name is 'Tea', must be up to 32"),
    ({"agreement": {"jobs": [{"name": "tea"}]}}, "agreement.jobs[0] must have one of every_s, schedule and when"),
    (
        {"agreement": {"jobs": [{"name": "tea", "every_s": 5, "when": HOT}]}},
        "agreement.jobs[0] must have one of every_s, schedule and when",
    ),
    ({"agreement": {"jobs": [{"name": "tea", "when": HOT}]}}, "when.quantity is 'heat', which is none of quantities"),
    (
        {
            "agreement": {"jobs": [{"name": "tea", "when": HOT}]},
            "quantities": [{"name": "heat", "source": "position", "law": "average"}],
        },
        "when.quantity is 'heat', a position, must be a single number",
    ),
    ({"agreement": {"replace_s": 2}, "count": 6}, "agreement.replace_s is 2, must be at least 3 s, two elections"),
    ({"agreement": {"replace_s": 5}}, "agreement.replace_s is given, but all robots vote"),
    (
        {"agreement": {"replace_s": 5}, "count": 6, "expect": {"minority_commits": 0}},
        "expect.minority_commits is judged by who votes at first, and agreement.replace_s changes that",
    ),
    ({"agreement": None, "expect": {"job_effects": {"tea": 1}}}, "expect.job_effects is given, but agreement"),
    (
        {"agreement": {"jobs": [{"name": "tea", "every_s": 5}]}, "expect": {"job_effects": {"tee": 1}}},
        "expect.job_effects names 'tee', which is none of agreement.jobs; did you mean 'tea'",
    ),
    ({"agreement": {}, "expect": {"jobs_within_s": 2}}, "agreement.jobs is missing: there is nothing to be done"),
    ({"agreement": None, "expect": {"one_log": True}}, "expect.one_log is given, but agreement, the log that it"),
]


@pytest.mark.parametrize(("parts", "said"), WRONG)
def test_what_can_not_work_is_a_sentence(parts: dict[str, Any], said: str) -> None:
    (problem,) = check(scenario(**parts))
    assert said in problem


@pytest.mark.parametrize("schedule", ["61 * * * *", "daily", "0 0 31 2 *"])
def test_a_schedule_that_can_not_be_kept_is_a_sentence(schedule: str) -> None:
    pytest.importorskip("croniter")
    (problem,) = check(scenario(agreement={"jobs": [{"name": "tea", "schedule": schedule}]}))
    assert problem.startswith(f"agreement.jobs[0].schedule can't be kept: schedule '{schedule}'")


def test_more_than_seven_voters_are_refused() -> None:
    (problem,) = check(scenario(9, agreement={"voters": ["r"]}))
    assert problem == "agreement.voters names 9 robots, must be at most 7; the others learn all the same"


FORM = [
    ({"budget_bytes_s": 10}, "agreement.budget_bytes_s is 10, must be at least 500"),
    ({"message_bytes": 2000}, "agreement.message_bytes is 2000, must be at most 1000"),
    ({"voter": []}, "agreement.voter is not a known key; did you mean 'voters'?"),
    ({"election_s": 0}, "agreement.election_s is 0, must be greater than 0"),
    ({"clock_drift": 0.5}, "agreement.clock_drift is 0.5, must be at most 0.4"),
    ({"jobs": [{"name": "tea", "every_s": 0}]}, "agreement.jobs[0].every_s is 0, must be at least 1"),
    ({"replace_s": -1}, "agreement.replace_s is -1, must be greater than 0"),
]


@pytest.mark.parametrize(("given", "said"), FORM)
def test_a_field_out_of_its_bound_is_a_sentence(given: dict[str, Any], said: str) -> None:
    assert form_problems(content(agreement=given)) == [said]


def test_an_even_number_of_voters_is_told() -> None:
    (note,) = weaker(scenario(agreement={"voters": ["r_1", "r_2", "r_3", "r_4"]}))
    assert note == "4 voters stand no more crashes than 3 would, 1; take an odd number"
    assert weaker(scenario()) == ()


def test_nobody_else_is_known_by_the_name_of_the_executor() -> None:
    jobs = {"jobs": [{"name": "tea", "every_s": 5}]}
    robots = [{"name": "executor", "vehicle": "rover", "position_m": [0, 0]}]
    (problem,) = check(scenario(1, agreement=jobs, robots=robots, security={}))
    assert problem == "robots has 'executor', which is the name by which the key of a device is known; take another one"
    assert check(scenario(1, agreement=jobs, robots=robots)) == []  # nothing is sealed
    assert check(scenario(1, robots=robots, security={})) == []  # there is no such device
