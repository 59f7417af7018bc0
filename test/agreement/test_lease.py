"""Leases: the holder stops before anybody else is let in, whatever the delays, by clocks within the stated drift."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.lease import Gate, Grantor, Holder, LeaseSettings
from swarm_consensus.agreement.semaphore import Ask, Renew, Semaphores, pack

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


def test_a_permit_is_not_used_before_a_renewal_of_it_was_committed() -> None:
    holder = Holder(SETTINGS)
    assert not holder.may_use(0)
    assert holder.renewal(0) == 1
    assert not holder.may_use(1)
    holder.renewed(1)
    # (20 - 1) 0.9 / 1.1 = 15.5
    assert [holder.may_use(now) for now in (1, 14, 15)] == [True, True, False]


def test_a_renewal_is_proposed_again_until_it_is_answered_and_counts_from_the_first_time() -> None:
    holder = Holder(SETTINGS)
    assert [holder.renewal(now) for now in range(8)] == [1, 0, 0, 1, 0, 0, 1, 0]
    holder.renewed(1)
    assert not holder.may_use(15)
    assert holder.renewal(8) == 2


def test_the_answer_to_an_older_renewal_prolongs_nothing() -> None:
    holder = Holder(SETTINGS)
    holder.renewal(0)
    holder.renewed(1)
    assert holder.renewal(10) == 2
    holder.renewed(1)
    assert not holder.may_use(16)
    holder.renewed(2)
    assert holder.may_use(16)


def test_who_is_told_that_the_permit_is_gone_stops() -> None:
    holder = Holder(SETTINGS)
    holder.renewal(0)
    holder.renewed(1)
    holder.renewed(0)
    assert not holder.may_use(1)


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


class FromAnswer(Holder):
    """A mutant: counts from when it hears that it was renewed."""

    heard = 0

    def renewed(self, number: int) -> None:
        self._proposed = self.heard
        super().renewed(number)


def longest_overlap(kind: type[Holder], delay: int, fast: float, slow: float, phase: float, answer_delay: int) -> float:
    """Nominal ticks for which the holder goes on after the grantor asked back.

    The holder renews once, at nominal time 0, and is cut off then. The renewal is applied at the grantor after a
    delay, and its answer reaches the holder after another.
    """
    holder, grantor, semaphores = kind(SETTINGS), Grantor(SETTINGS), Semaphores({"dock": 1})
    semaphores.apply(1, pack(Ask("dock", 7)))
    holder.renewal(0)
    applied = delay
    asked_back = None
    for now in range(80):
        moment = phase * fast + now * fast  # of the grantor's tick
        if moment >= applied:
            semaphores.apply(2, pack(Renew("dock", 1, 1)))
            if asked_back is None and grantor.overdue(semaphores.places, now, leads=True):
                asked_back = moment
    assert asked_back is not None
    last = 0.0
    for now in range(80):
        if now * slow >= applied + answer_delay and not holder.may_use(now) and holder._until == 0:
            if isinstance(holder, FromAnswer):
                holder.heard = now
            holder.renewed(1)
        if holder.may_use(now):
            last = (now + 1) * slow  # to the end of its tick
    return last - asked_back


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 12), st.floats(0.9, 1.1), st.floats(0.9, 1.1), st.floats(0.0, 1.0), st.integers(0, 12))
def test_the_holder_has_stopped_when_the_grantor_asks_back(
    delay: int, fast: float, slow: float, phase: float, answer_delay: int
) -> None:
    assert longest_overlap(Holder, delay, fast, slow, phase, answer_delay) <= 1e-9


def test_a_holder_that_counts_from_the_answer_does_not_stop_in_time() -> None:
    assert longest_overlap(FromAnswer, 2, 0.9, 1.1, 0.0, 10) > 0
