"""Quorums: the numbers, and that any two of them meet."""

from __future__ import annotations

from itertools import combinations

import pytest

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.quorum import (
    byzantine_quorum,
    has_majority,
    liars_tolerated,
    majority,
    reached_by_majority,
)


def test_nobody_has_no_majority() -> None:
    with pytest.raises(AgreementError, match="at least 1"):
        majority(0)
    assert not has_majority([], [])


@pytest.mark.parametrize(("members", "enough"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_majority_is_more_than_half(members: int, enough: int) -> None:
    assert majority(members) == enough
    everybody = range(members)
    assert has_majority(everybody, range(enough))
    assert not has_majority(everybody, range(enough - 1))


def test_who_says_yes_twice_or_does_not_belong_counts_for_nothing() -> None:
    assert not has_majority([0, 1, 2], [0, 0, 0])
    assert not has_majority([0, 1, 2], [0, 7, 8, 9])


@pytest.mark.parametrize("members", range(1, 8))
def test_any_two_majorities_meet_also_after_one_came_or_went(members: int) -> None:
    for other in (members, members + 1):
        for one in combinations(range(members), majority(members)):
            assert all(set(one) & set(two) for two in combinations(range(other), majority(other)))


@pytest.mark.parametrize(
    ("values", "reached"), [([3], 3), ([3, 1], 1), ([5, 3, 1], 3), ([5, 4, 3, 1], 3), ([9, 9, 2, 1, 0], 2)]
)
def test_what_a_majority_has_reached(values: list[int], reached: int) -> None:
    assert reached_by_majority(values) == reached
    assert reached_by_majority(reversed(values)) == reached


@pytest.mark.parametrize(("members", "liars", "enough"), [(1, 0, 1), (4, 1, 3), (7, 2, 5), (10, 3, 7), (6, 1, 4)])
def test_a_byzantine_quorum(members: int, liars: int, enough: int) -> None:
    # 2f + 1 where n = 3f + 1; of 6 with one liar 3 would not do, since 3 and 3 need not meet
    assert byzantine_quorum(members, liars) == enough
    assert liars_tolerated(members) == liars


@pytest.mark.parametrize("members", range(1, 9))
def test_two_byzantine_quorums_share_an_honest_member_and_the_honest_can_fill_one(members: int) -> None:
    liars = liars_tolerated(members)
    enough = byzantine_quorum(members, liars)
    assert 2 * enough - members > liars  # least overlap of two sets
    assert members - liars >= enough
    assert 2 * (enough - 1) - members <= liars  # one fewer would not do


def test_too_many_liars_is_a_sentence() -> None:
    with pytest.raises(AgreementError, match="3 members can't stand 1 liars; they stand 0"):
        byzantine_quorum(3, 1)
