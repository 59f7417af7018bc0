"""The gate: what a robot may obey and when, and the bound after a revocation, simulated. About 12 s."""

from __future__ import annotations

import pytest
import roles as bench
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.authority import PAST, Freshness, Gate
from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.roles import Person, Revoke, Roles, sign
from swarm_consensus.agreement.simulator.dismissal import ALICE, BOB, FRESH, SWARM, Parts, founders, run, split_run
from swarm_consensus.agreement.simulator.network import TICK
from swarm_consensus.network.keys import PrivateKey

BOB_KEY = BOB.public.raw


def gate(fresh_ticks: int = 20) -> Gate:
    return Gate(Freshness(fresh_ticks=fresh_ticks), Roles(founders(), SWARM))


def test_a_robot_that_has_just_started_denies_and_says_why() -> None:
    assert "has not answered since this robot started" in gate().judge(BOB_KEY, "goto", 1000)


def test_a_view_is_fresh_from_the_question_on_for_so_many_ticks() -> None:
    one = gate()
    one.asked(1, 100)
    assert one.judge(BOB_KEY, "goto", 100) != ""
    one.served(1)
    assert [one.judge(BOB_KEY, "goto", now) for now in (100, 119, 120)] == ["", "", ""]
    assert one.judge(BOB_KEY, "goto", 121) == "roles are 21 ticks old, must be at most 20: the log does not answer"


def test_a_late_answer_to_an_old_question_refreshes_nothing() -> None:
    one = gate()
    one.asked(1, 100)
    one.asked(2, 110)
    one.served(2)
    one.served(1)
    assert one.age(120) == 10
    one.served(1)
    one.served(77)
    assert one.age(120) == 10


def test_a_clock_that_went_back_is_not_trusted() -> None:
    one = gate()
    one.asked(1, 100)
    one.served(1)
    assert one.judge(BOB_KEY, "goto", 99) != ""


def test_reads_that_are_never_answered_are_forgotten() -> None:
    one = gate()
    for token in range(10 * PAST):
        assert one.read_due(4 * token)
        one.asked(token, 4 * token)
        assert not one.read_due(4 * token + 3)
    assert len(one._asked) == PAST


def test_halt_is_obeyed_from_every_known_operator_fresh_or_not() -> None:
    one = gate()
    assert one.judge(BOB_KEY, "halt", 5) == ""
    assert one.judge(ALICE.public.raw, "halt", 5) == ""
    stranger = PrivateKey(bytes(32)).public.raw
    assert "has no role" in one.judge(stranger, "halt", 5)
    viewer = Roles({**founders(), stranger: Person("eve", "viewer", 0, 0)}, SWARM)
    assert "'halt' takes operator" in Gate(Freshness(), viewer).judge(stranger, "halt", 5)


def test_a_key_that_has_expired_may_still_halt_and_nothing_else() -> None:
    roles = Roles({**founders(), BOB_KEY: Person("bob", "operator", 1000, 0)}, SWARM)
    one = Gate(Freshness(), roles)
    one.asked(1, 1)
    one.served(1)
    assert "nothing tells the time" in one.judge(BOB_KEY, "goto", 1)
    roles.expired = lambda name, expires: ""
    assert one.judge(BOB_KEY, "goto", 1) == ""
    roles.expired = lambda name, expires: f"{name} expired at {expires}"
    assert one.judge(BOB_KEY, "goto", 1) == "bob expired at 1000"
    assert one.judge(BOB_KEY, "halt", 1) == ""


def test_what_is_applied_counts_at_once() -> None:
    roles = Roles(founders(), SWARM)
    one = Gate(Freshness(), roles)
    one.asked(1, 1)
    one.served(1)
    assert one.judge(BOB_KEY, "goto", 2) == ""
    roles.apply(1, sign(ALICE, 1, Revoke(BOB_KEY), SWARM))
    assert "has no role" in one.judge(BOB_KEY, "goto", 2)
    assert "has no role" in one.judge(BOB_KEY, "halt", 2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fresh_ticks": 10}, "fresh_ticks is 10, must be more than 10: ask_ticks 4 and delay_ticks 6"),
        ({"fresh_ticks": 0}, "fresh_ticks is 0, must be at least 1"),
        ({"ask_ticks": 0}, "ask_ticks is 0"),
        ({"delay_ticks": -1}, "delay_ticks is -1"),
        ({"clock_drift": 0.5}, "clock_drift is 0.5"),
        ({"clock_drift": float("nan")}, "clock_drift is nan"),
    ],
)
def test_settings_that_can_not_work_are_refused(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Freshness(**wrong).validate()  # type: ignore[arg-type]


@given(st.integers(1, 50), st.floats(0, 0.49), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_bound_covers_the_longest_ticks(fresh: int, drift: float, which: float, ask: float, obey: float) -> None:
    """An independent derivation: asked at a share `ask` of tick a, obeyed at a share `obey` of tick a + fresh."""
    tick = 1 + which * drift
    between = (fresh + obey - ask) * tick
    assert between <= Freshness(fresh_ticks=fresh, clock_drift=drift).bound_ticks + 1e-9


# simulated


@pytest.mark.parametrize("first", range(0, 90, 30))
def test_no_robot_obeys_a_dismissed_operator_beyond_the_bound(first: int) -> None:
    for seed in range(first, first + 30):
        run(seed)


@pytest.mark.parametrize("name", bench.MUTANTS)
def test_a_planted_bug_is_found(name: str) -> None:
    parts = bench.MUTANTS[name]
    assert bench.fails_play(parts) or bench.first_violation(parts, range(bench.TRIED))


def test_the_gate_as_it_should_be_stands_the_play() -> None:
    assert not bench.fails_play(Parts())


def test_the_minority_denies_by_itself_and_after_healing_all_say_the_same() -> None:
    one = split_run()
    assert one.committed is not None
    late = {robot.number: (robot.last_obeyed or 0) - one.committed for robot in one.robots}
    assert all(late[number] <= 2 * TICK for number in (0, 1, 2))
    assert all(TICK < late[number] <= FRESH.bound_ticks * TICK for number in (3, 4)), "cut off: they could not know"
    assert {robot.denied for robot in one.robots} == {one.robots[0].denied}
    assert "has no role" in one.robots[0].denied


def test_the_runs_are_not_idle() -> None:
    """A gate that denies everything would keep the bound, too."""
    runs = [run(seed) for seed in range(200, 225)]
    assert all(sum(robot.obeyed for robot in one.robots) > 50 for one in runs)
    assert sum(one.latest > 2 * TICK for one in runs) >= 3, "some robots could not know, and obeyed for a while"


def test_a_seed_gives_the_same_run_again() -> None:
    one, two = run(4, Parts()), run(4)
    assert [robot.last_obeyed for robot in one.robots] == [robot.last_obeyed for robot in two.robots]
    assert (one.committed, one.network.sent) == (two.committed, two.network.sent)
