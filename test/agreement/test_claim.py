"""Claims at a place that arbitrates alone: never two holders, whatever comes twice, late or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.claim import NOBODY, Claim, Place, Release, State


def test_the_first_one_gets_it_and_the_second_learns_who_has_it() -> None:
    place = Place()
    assert place.hear(Claim(3, 0, 10), 5) == State(3, 1, 15)
    assert place.hear(Claim(4, 0, 10), 6) == State(3, 1, 15)
    assert place.admits(1, 14)
    assert not place.admits(0, 14)


def test_a_copy_changes_nothing_and_a_late_one_takes_nothing() -> None:
    place = Place()
    first = Claim(3, 0, 10)
    assert place.hear(first, 5) == place.hear(first, 6) == State(3, 1, 15)
    place.hear(Release(3, 1), 8)
    place.hear(Claim(4, 1, 10), 9)
    for late in (first, Release(3, 1), Claim(3, 1, 10)):
        assert place.hear(late, 10) == State(4, 2, 19)


def test_who_holds_it_may_keep_it_and_who_is_silent_loses_it() -> None:
    place = Place()
    place.hear(Claim(3, 0, 10), 5)
    assert place.hear(Claim(3, 1, 10), 14).until == 24
    assert not place.admits(1, 24)
    assert place.hear(Claim(4, 1, 10), 24) == State(4, 2, 34)
    assert not place.admits(1, 25)


def test_a_place_that_starts_anew_goes_on_from_what_it_stored() -> None:
    place = Place()
    place.hear(Claim(3, 0, 10), 5)
    again = Place(place.state)
    assert again.hear(Claim(4, 0, 10), 6).holder == 3


class LastOneWins(Place):
    """A baseline: whoever asks gets it, if it is free as far as he knows."""

    def hear(self, request: Claim | Release, now: int) -> State:
        """Write what is asked."""
        if isinstance(request, Claim):
            self.state = State(request.robot, request.version + 1, now + request.ticks)
        return self.state


REQUESTS = st.lists(
    st.tuples(
        st.integers(0, 5),  # ticks since the one before
        st.one_of(
            st.builds(Claim, st.integers(0, 3), st.integers(0, 6), st.integers(1, 8)),
            st.builds(Release, st.integers(0, 3), st.integers(0, 6)),
        ),
    ),
    max_size=40,
)


def told_twice(kind: type[Place], requests: list[tuple[int, Claim | Release]]) -> bool:
    """Tell whether two robots were told that they hold it at one time, or in one version."""
    place, now, holders = kind(), 0, {}
    until = (NOBODY, 0)
    for passed, request in requests:
        now += passed
        before = place.state
        state = place.hear(request, now)
        if state.holder == NOBODY:
            until = (NOBODY, 0)
            continue
        if holders.setdefault(state.version, state.holder) != state.holder:
            return True
        if until[0] not in (NOBODY, state.holder) and now < until[1] and before.holder == until[0]:
            return True
        if state.version < before.version:
            return True
        until = (state.holder, state.until)
    return False


@given(REQUESTS)
def test_it_never_has_two_holders_at_a_time_nor_in_one_version(requests: list[tuple[int, Claim | Release]]) -> None:
    assert not told_twice(Place, requests)


def test_the_last_one_wins_is_no_arbitration() -> None:
    assert told_twice(LastOneWins, [(0, Claim(1, 0, 9)), (1, Claim(2, 0, 9))])
