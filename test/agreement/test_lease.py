"""Leases: the holder stops before anybody else is let in, whatever the delays, by clocks within the stated drift."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.lease import Gate, Grantor, Holder, LeaseSettings
from swarm_consensus.agreement.semaphore import Ask, GiveBack, Renew, Semaphores, pack

SETTINGS = LeaseSettings(lease_ticks=20, renew_ticks=3, delay_ticks=5, clock_drift=0.1)


def test_times_that_do_not_fit_are_a_sentence() -> None:
    SETTINGS.validate()
    LeaseSettings().validate()
    with pytest.raises(
        SettingsError, match=r"lease_ticks is 10, of which the holder may use 8; that must be more than 30"
    ):
        LeaseSettings(lease_ticks=10).validate()
    with pytest.raises(SettingsError, match=r"clock_drift is 0\.7"):
        LeaseSettings(clock_drift=0.7).validate()
    with pytest.raises(SettingsError, match="renew_ticks is 0"):
        LeaseSettings(renew_ticks=0).validate()
    with pytest.raises(SettingsError, match="delay_ticks is -1"):
        LeaseSettings(delay_ticks=-1).validate()


def test_a_permit_is_not_used_before_a_renewal_of_it_was_committed() -> None:
    assert not Holder(SETTINGS).may_use(7, renewed=0)


def test_a_permit_is_used_for_so_long_after_its_renewal_was_proposed() -> None:
    # (20 - 1) 0.9 / 1.1 = 15.5
    assert [Holder(SETTINGS).may_use(now, renewed=10) for now in (9, 10, 24, 25)] == [False, True, True, False]


def test_what_was_renewed_before_a_crash_is_not_used_after_it() -> None:
    assert [Holder(SETTINGS, since=12).may_use(13, renewed=at) for at in (10, 11, 12)] == [False, False, True]


def test_a_give_back_that_comes_late_does_not_take_what_was_renewed_after_it() -> None:
    semaphores = Semaphores({"dock": 1})
    for request in (Ask("dock", 7), Renew("dock", 1, 30), GiveBack("dock", 7, 29)):
        semaphores.apply(1, pack(request))
    assert semaphores.places["dock"].grants
    semaphores.apply(1, pack(GiveBack("dock", 7, 30)))
    assert not semaphores.places["dock"].grants


def test_a_renewal_is_proposed_now_and_then() -> None:
    holder = Holder(SETTINGS)
    assert [holder.renewal_due(now) for now in range(5, 12)] == [True, False, False, True, False, False, True]


def test_a_place_refuses_what_is_older_than_what_it_saw() -> None:
    gate = Gate(highest=3)
    assert [gate.admits(token) for token in (0, 2, 3, 5, 4, 5)] == [False, False, True, True, False, True]
    assert gate.highest == 5
    assert not Gate().admits(0)


def test_only_the_leader_asks_back_and_a_new_one_waits_for_a_whole_lease() -> None:
    semaphores, grantor = Semaphores({"dock": 1}), Grantor(SETTINGS)
    semaphores.apply(1, pack(Ask("dock", 7)))
    for now in range(20):
        assert grantor.overdue(semaphores.places, now, leads=True) == []
    assert [each.token for each in grantor.overdue(semaphores.places, 20, leads=True)] == [1]
    assert grantor.overdue(semaphores.places, 21, leads=False) == []
    assert grantor.overdue(semaphores.places, 22, leads=True) == []
    semaphores.apply(2, pack(Renew("dock", 1, 1)))
    assert grantor.overdue(semaphores.places, 41, leads=True) == []


def longest_overlap(counted_from: str, delay: int, fast: float, slow: float, phase: float, answer_delay: int) -> float:
    """Nominal ticks for which the holder goes on after the grantor asked back.

    The holder renews once, as its tick 1 begins, and is cut off then. The renewal is applied at the grantor after a
    delay, and its answer reaches the holder after another. A mutant counts from the answer.
    """
    holder, grantor, semaphores = Holder(SETTINGS), Grantor(SETTINGS), Semaphores({"dock": 1})
    semaphores.apply(1, pack(Ask("dock", 7)))
    asked_back = None
    for now in range(80):
        moment = (phase + now) * fast  # of the grantor's tick
        if moment >= delay:
            semaphores.apply(2, pack(Renew("dock", 1, 1)))
            if asked_back is None and grantor.overdue(semaphores.places, now, leads=True):
                asked_back = moment
    assert asked_back is not None
    last, renewed = 0.0, 0
    for now in range(1, 80):
        moment = (now - 1) * slow
        if not renewed and moment >= delay + answer_delay:
            renewed = 1 if counted_from == "proposal" else now
        if holder.may_use(now, renewed):
            last = moment + slow  # to the end of its tick
    return last - asked_back


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 12), st.floats(0.9, 1.1), st.floats(0.9, 1.1), st.floats(0.0, 1.0), st.integers(0, 12))
def test_the_holder_has_stopped_when_the_grantor_asks_back(
    delay: int, fast: float, slow: float, phase: float, answer_delay: int
) -> None:
    assert longest_overlap("proposal", delay, fast, slow, phase, answer_delay) <= 1e-9


def test_a_holder_that_counts_from_the_answer_does_not_stop_in_time() -> None:
    assert longest_overlap("answer", 2, 0.9, 1.1, 0.0, 10) > 0
