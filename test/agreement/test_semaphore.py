"""Permits: never too many, first come first served, tokens only grow, and a circle is broken by one side."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.semaphore import (
    Ask,
    GiveBack,
    Reclaim,
    Renew,
    Request,
    Semaphores,
    deadlocked,
    pack,
    who_yields,
)


def told(semaphores: Semaphores, request: Request) -> int:
    return msgspec.msgpack.decode(semaphores.apply(1, pack(request)), type=int)


def holders(semaphores: Semaphores, place: str = "dock") -> list[int]:
    return [grant.robot for grant in semaphores.places[place].grants]


def test_a_place_without_permits_is_refused() -> None:
    with pytest.raises(SettingsError, match="place 'dock' has -1 permits, must have at least 1"):
        Semaphores({"dock": -1})


def test_what_is_no_request_or_names_no_place_is_answered_with_nothing() -> None:
    semaphores = Semaphores({"dock": 1})
    assert told(semaphores, Ask("moon", 1)) == 0
    assert msgspec.msgpack.decode(semaphores.apply(1, b"what the cat typed")) == 0
    assert holders(semaphores) == []


def test_first_come_first_served() -> None:
    semaphores = Semaphores({"dock": 2})
    assert [told(semaphores, Ask("dock", robot)) for robot in (5, 3, 4, 1)] == [1, 2, 0, 0]
    told(semaphores, GiveBack("dock", 5))
    assert holders(semaphores) == [3, 4]
    assert told(semaphores, Ask("dock", 4)) == 3  # it learns its token by asking again
    told(semaphores, GiveBack("dock", 1))  # waits no more
    told(semaphores, GiveBack("dock", 3))
    assert holders(semaphores) == [4]


def test_asking_twice_is_asking_once() -> None:
    semaphores = Semaphores({"dock": 1})
    told(semaphores, Ask("dock", 1))
    for _ in range(2):
        assert told(semaphores, Ask("dock", 1)) == 1
        assert told(semaphores, Ask("dock", 2)) == 0
    assert semaphores.places["dock"].waiting == [2]


def test_a_lease_is_taken_back_unless_it_was_renewed_meanwhile() -> None:
    semaphores = Semaphores({"dock": 1})
    told(semaphores, Ask("dock", 1))
    told(semaphores, Ask("dock", 2))
    assert told(semaphores, Renew("dock", 1, 1)) == 1
    told(semaphores, Reclaim("dock", 1, 0))
    assert holders(semaphores) == [1]
    told(semaphores, Reclaim("dock", 1, 1))
    assert holders(semaphores) == [2]
    assert told(semaphores, Renew("dock", 1, 2)) == 0
    assert told(semaphores, Renew("dock", 2, 1)) == 2


def test_an_old_renewal_does_not_count_as_a_new_one() -> None:
    semaphores = Semaphores({"dock": 1})
    told(semaphores, Ask("dock", 1))
    told(semaphores, Renew("dock", 1, 2))
    told(semaphores, Renew("dock", 1, 1))
    assert semaphores.places["dock"].grants[0].renewed == 2


def test_a_snapshot_brings_everything_back() -> None:
    semaphores, other = Semaphores({"a": 1, "b": 2}), Semaphores({"a": 1, "b": 2})
    for place in "ab":
        for robot in range(4):
            told(semaphores, Ask(place, robot))
    other.restore(semaphores.snapshot())
    assert other.places == semaphores.places
    told(other, GiveBack("a", 0))
    assert other.places["a"].grants[-1].token == 4  # after 1, 2 and 3


PLACES = st.sampled_from(["a", "b"])
ROBOTS = st.integers(0, 4)
NUMBERS = st.integers(0, 9)
REQUESTS = st.one_of(
    st.builds(Ask, PLACES, ROBOTS),
    st.builds(Renew, PLACES, NUMBERS, NUMBERS),
    st.builds(GiveBack, PLACES, ROBOTS),
    st.builds(Reclaim, PLACES, NUMBERS, NUMBERS),
)


@given(st.lists(REQUESTS, max_size=40))
def test_never_more_holders_than_permits_none_twice_and_tokens_grow(requests: list[Request]) -> None:
    semaphores, newest = Semaphores({"a": 1, "b": 2}), 0
    for request in requests:
        before = {grant.token for place in semaphores.places.values() for grant in place.grants}
        told(semaphores, request)
        after = [grant.token for place in semaphores.places.values() for grant in place.grants]
        fresh = sorted(set(after) - before)
        assert all(token > newest for token in fresh)
        newest = max([newest, *fresh])
        for name, place in semaphores.places.items():
            assert len(place.grants) <= place.permits
            assert len(place.grants) == place.permits or not place.waiting
            robots = holders(semaphores, name) + place.waiting
            assert len(set(robots)) == len(robots)


def circle(robots: int) -> Semaphores:
    """Robot k holds place k and waits for the next one."""
    semaphores = Semaphores({str(number): 1 for number in range(robots)})
    for robot in range(robots):
        told(semaphores, Ask(str(robot), robot))
    for robot in range(robots):
        told(semaphores, Ask(str((robot + 1) % robots), robot))
    return semaphores


def test_nobody_is_stuck_where_nobody_waits() -> None:
    assert deadlocked({}) == frozenset()
    assert who_yields(Semaphores({"dock": 1}).places) is None


@pytest.mark.parametrize("robots", [2, 3, 5])
def test_a_circle_is_found_and_broken_by_one_robot(robots: int) -> None:
    semaphores = circle(robots)
    assert deadlocked(semaphores.places) == frozenset(range(robots))
    assert who_yields(semaphores.places) == robots - 1  # its token is the youngest
    told(semaphores, GiveBack(str(robots - 1), robots - 1))
    assert deadlocked(semaphores.places) == frozenset()


def test_a_chain_is_no_circle() -> None:
    semaphores = Semaphores({"a": 1, "b": 1})
    told(semaphores, Ask("a", 1))
    told(semaphores, Ask("b", 2))
    told(semaphores, Ask("b", 1))
    assert deadlocked(semaphores.places) == frozenset()


def test_a_second_permit_with_somebody_who_goes_on_opens_the_circle() -> None:
    semaphores = Semaphores({"a": 2, "b": 1})
    for place, robot in (("a", 1), ("a", 9), ("b", 2), ("b", 1), ("a", 2)):
        told(semaphores, Ask(place, robot))
    assert deadlocked(semaphores.places) == frozenset()
    told(semaphores, Ask("b", 9))  # now 9 waits as well
    assert deadlocked(semaphores.places) == {1, 2, 9}


def test_who_waits_behind_a_circle_is_stuck_but_does_not_yield() -> None:
    semaphores = circle(2)
    told(semaphores, Ask("0", 7))
    assert deadlocked(semaphores.places) == {0, 1, 7}
    assert who_yields(semaphores.places) == 1
