"""Claims at a place that arbitrates alone: never two holders, whatever comes twice, late or not at all."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.claim import (
    NOBODY,
    Arbiter,
    Claim,
    Held,
    Release,
    Request,
    pack,
    read_request,
    read_state,
)
from swarm_consensus.agreement.lease import LeaseSettings

LEASE = LeaseSettings(lease_ticks=10, renew_ticks=2, delay_ticks=2)


def place(stored: tuple[Held, ...] = (), now: int = 0, places: int = 1) -> Arbiter:
    return Arbiter(places, LEASE, stored, now)


def after(found: Arbiter, *requests: tuple[int, Request]) -> Held:
    """The first place after requests, each at a tick of its clock."""
    for now, request in requests:
        found.hear(request, now)
    return found.state[0]


def test_the_first_one_gets_it_and_the_second_learns_who_has_it() -> None:
    found = place()
    assert after(found, (5, Claim(3, 0, 0, 100))) == Held(1, 100, 3)
    assert after(found, (6, Claim(4, 0, 0, 101))) == Held(1, 100, 3)
    assert found.admits(0, 1)
    assert not found.admits(0, 0)
    assert not found.admits(1, 1)


def test_nobody_is_admitted_to_a_free_place() -> None:
    found = place()
    assert not found.admits(0, 0)
    after(found, (5, Claim(3, 0, 0, 100)), (6, Release(3, 0, 1, 101)))
    assert not any(found.admits(0, version) for version in range(4))


def test_a_copy_changes_nothing_and_a_late_one_takes_nothing() -> None:
    found = place()
    first = Claim(3, 0, 0, 100)
    assert after(found, (5, first), (6, first)) == Held(1, 100, 3)
    after(found, (8, Release(3, 0, 1, 104)), (9, Claim(4, 0, 2, 100)))
    for late in (first, Release(3, 0, 1, 104), Claim(3, 0, 1, 103), Claim(3, 0, 2, 105)):
        assert after(found, (10, late)) == Held(3, 100, 4)


def test_a_late_renewal_does_not_take_a_place_back_that_was_given_back() -> None:
    found = place()
    after(found, (5, Claim(3, 0, 0, 100)), (8, Release(3, 0, 1, 104)))
    assert after(found, (9, Claim(3, 0, 1, 103))) == Held(2)


def test_a_release_that_a_holder_forgot_in_a_crash_takes_nothing_from_it() -> None:
    found = place()
    forgotten = Release(3, 0, 1, 104)
    assert after(found, (5, Claim(3, 0, 0, 100)), (9, Claim(3, 0, 1, 110)), (10, forgotten)) == Held(1, 110, 3)
    assert after(found, (11, Release(3, 0, 1, 111))) == Held(2)


def test_who_holds_it_may_keep_it_and_who_is_silent_loses_it() -> None:
    found = place()
    after(found, (5, Claim(3, 0, 0, 100)), (14, Claim(3, 0, 1, 108)))
    found.look(23)
    assert found.admits(0, 1)
    found.look(24)  # a lease after the last word
    assert not found.admits(0, 1)
    assert after(found, (24, Claim(4, 0, 2, 60))) == Held(3, 60, 4)


def test_a_copy_of_an_old_renewal_prolongs_nothing() -> None:
    found = place()
    after(found, (5, Claim(3, 0, 0, 100)), (7, Claim(3, 0, 1, 102)), (14, Claim(3, 0, 1, 101)))
    found.look(17)
    assert found.state[0].robot == NOBODY


def test_a_place_that_starts_anew_knows_its_holder_and_gives_it_a_whole_lease() -> None:
    found = place()
    after(found, (5, Claim(3, 0, 0, 100)))
    again = place(found.state, now=1000)
    assert after(again, (1009, Claim(4, 0, 0, 200))).robot == 3
    again.look(1010)
    assert again.state[0] == Held(2)


def test_of_places_side_by_side_the_older_claim_has_the_lower_version() -> None:
    found = place(places=2)
    found.hear(Claim(3, 1, 0, 100), 5)
    found.hear(Claim(4, 0, 0, 100), 6)
    assert found.state == (Held(2, 100, 4), Held(1, 100, 3))
    found.hear(Release(3, 1, 1, 101), 7)
    assert found.state[1] == Held(3)
    found.hear(Claim(5, 2, 0, 100), 8)  # there is no third
    assert len(found.state) == 2


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x94\x02\x00\x00\x00", b"\x95\x02\x00\x00\x00\x00", b"\x91\x01"])
def test_bytes_that_are_no_request_are_none(data: bytes) -> None:
    assert read_request(data) is None


def test_bytes_that_are_no_state_are_none_and_others_are_read_back() -> None:
    state = (Held(7, 100, 3), Held(2))
    assert read_state(pack(state)) == state
    assert read_request(pack(Release(3, 0, 1, 104))) == Release(3, 0, 1, 104)
    assert read_state(b"\x91\x93\x00\x00\xcd\x01\x01") is None  # robot 257
    assert read_state(msgspec.msgpack.encode([Held()] * 17)) is None


class LastOneWins(Arbiter):
    """A baseline: whoever asks gets it, if it is free as far as he knows."""

    def fits(self, held: Held, request: Request) -> bool:
        """Compare nothing."""
        return True


REQUESTS = st.lists(
    st.tuples(
        st.integers(0, 5),  # ticks since the one before
        st.one_of(
            st.builds(Claim, st.integers(0, 3), st.just(0), st.integers(0, 6), st.integers(1, 40)),
            st.builds(Release, st.integers(0, 3), st.just(0), st.integers(0, 6), st.integers(1, 40)),
        ),
    ),
    max_size=40,
)


def told_twice(kind: type[Arbiter], requests: list[tuple[int, Request]]) -> bool:
    """Tell whether it went from one holder to another before that one released it or its lease was over."""
    found, now, since = kind(1, LEASE), 0, 0
    versions: dict[int, int] = {}
    for passed, request in requests:
        now += passed
        before = found.state[0]
        found.hear(request, now)
        held = found.state[0]
        if held.version < before.version or versions.setdefault(held.version, held.robot) != held.robot:
            return True
        released = isinstance(request, Release) and request.robot == before.robot and request.asked > before.renewed
        changed = before.robot not in (NOBODY, held.robot)
        if changed and not released and now - since < LEASE.lease_ticks:
            return True
        if (held.robot, held.renewed) != (before.robot, before.renewed):
            since = now
    return False


@given(REQUESTS)
def test_it_never_has_two_holders_at_a_time_nor_in_one_version(requests: list[tuple[int, Request]]) -> None:
    assert not told_twice(Arbiter, requests)


def test_the_last_one_wins_is_no_arbitration() -> None:
    assert told_twice(LastOneWins, [(0, Claim(1, 0, 0, 1)), (1, Claim(2, 0, 0, 1))])
