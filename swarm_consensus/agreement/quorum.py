"""The one place of quorum arithmetic: how many are enough.

A *majority* quorum stands crashes: any two of them share a member. A *Byzantine* quorum stands liars: any two of them
share an honest member, however the f liars are chosen, and the honest alone can fill one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from swarm_consensus.agreement.errors import AgreementError


def majority(members: int) -> int:
    """Return the least number that is more than half: floor(n / 2) + 1.

    Raises
    ------
    AgreementError
        If there are no members: nobody decides nothing.
    """
    if members < 1:
        raise AgreementError(f"a majority of {members} members does not exist; there must be at least 1")
    return members // 2 + 1


def has_majority(members: Collection[int], said_yes: Collection[int]) -> bool:
    """Tell whether more than half of the members said yes; each counts once, and strangers do not."""
    return len(members) > 0 and len(set(members).intersection(said_yes)) >= majority(len(members))


def reached_by_majority(values: Iterable[int]) -> int:
    """Return the largest number that a majority of the members has reached, one value a member."""
    ranked = sorted(values, reverse=True)
    return ranked[majority(len(ranked)) - 1]


def liars_tolerated(members: int) -> int:
    """Return the largest f with n >= 3f + 1 (Pease, Shostak, Lamport, J. ACM 27, 1980)."""
    return (members - 1) // 3


def byzantine_quorum(members: int, liars: int) -> int:
    """Return the least q of which any two sets of q share more than f members: floor((n + f) / 2) + 1.

    With n = 3f + 1 this is the familiar 2f + 1. With more members 2f + 1 is too few: of 6 with one liar, two sets of
    3 need not share anybody.

    Raises
    ------
    AgreementError
        If n < 3f + 1: then the honest alone can't fill a quorum, or two quorums may share liars only.
    """
    if liars < 0 or members < 3 * liars + 1:
        raise AgreementError(f"{members} members can't stand {liars} liars; they stand {liars_tolerated(members)}")
    return (members + liars) // 2 + 1


def one_honest(liars: int) -> int:
    """Return the least number of members of which one at least is honest: f + 1."""
    return liars + 1
