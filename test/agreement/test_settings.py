"""Settings and members that can't work are refused in sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from swarm_consensus.agreement.errors import AgreementError, SettingsError
from swarm_consensus.agreement.raft.membership import Members, advice, check_step, entry_of, members
from swarm_consensus.agreement.raft.messages import COMMAND, Config, Entry, Snapshot
from swarm_consensus.agreement.raft.settings import Settings


def test_the_defaults_fit_together() -> None:
    Settings().validate()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"election_ticks": 0}, "election_ticks is 0, must be at least 1"),
        ({"heartbeat_ticks": 0}, "heartbeat_ticks is 0, must be at least 1"),
        ({"delay_ticks": -1}, "delay_ticks is -1, must be at least 0"),
        ({"clock_drift": 0.5}, "clock_drift is 0.5, must be at least 0 and less than 0.5"),
        ({"clock_drift": float("nan")}, "clock_drift is nan"),
        ({"message_bytes": 5000}, "message_bytes is 5000, must be from 64 to 1000"),
        ({"window": 0}, "window is 0"),
        ({"snapshot_entries": 0}, "snapshot_entries is 0"),
        ({"election_ticks": 6}, "election_ticks is 6, must be more than 6: two heartbeats and a round trip"),
        ({"election_ticks": 7, "clock_drift": 0.2}, "a lease lasts 4 ticks and is renewed every 4: it would lapse"),
    ],
)
def test_what_does_not_fit_is_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence.replace("(", r"\(")):
        replace(Settings(), **change).validate()


def test_all_problems_come_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(window=0, delay_ticks=-1).validate()
    assert len(caught.value.problems) == 2


def test_without_lease_reads_a_short_lease_is_no_problem() -> None:
    Settings(election_ticks=7, clock_drift=0.2, lease_reads=False).validate()


@pytest.mark.parametrize(("drift", "ticks"), [(0.0, 9), (0.01, 8), (0.1, 7), (0.2, 6)])
def test_the_lease_is_shorter_than_the_patience_of_the_fastest_clock(drift: float, ticks: int) -> None:
    # (10 - 1) (1 - d) / (1 + d) = 9, 8.82, 7.36, 6
    settings = Settings(clock_drift=drift)
    assert settings.lease_ticks == ticks
    assert settings.lease_ticks * (1 + drift) <= (settings.election_ticks - 1) * (1 - drift) + 1e-9


def test_nobody_voting_is_refused() -> None:
    with pytest.raises(SettingsError, match="voters is empty, must name at least 1 member"):
        members([])


def test_one_member_twice_is_refused() -> None:
    with pytest.raises(SettingsError, match="member 3 stands 2 times among voters and learners"):
        members([1, 2, 3], [3])
    with pytest.raises(SettingsError, match="member 300 must be from 0 to 255"):
        members([300])


def test_an_even_number_of_voters_is_worth_a_sentence() -> None:
    assert advice(members([1, 2, 3])) == ""
    assert advice(members([1, 2, 3, 4])) == "4 voters stand no more crashes than 3 would, 1; take an odd number"


@pytest.mark.parametrize("new", [[1, 2], [1, 2, 3, 4], [1, 2, 3]])
def test_one_voter_may_come_or_go(new: list[int]) -> None:
    check_step(members([1, 2, 3]), members(new))


def test_two_at_once_or_the_last_may_not() -> None:
    with pytest.raises(AgreementError, match=r"voters \[3, 4\] would change at once"):
        check_step(members([1, 2, 3]), members([1, 2, 4]))
    with pytest.raises(AgreementError, match="the last voter can't leave"):
        check_step(members([1]), Config((), (1,)))


def history() -> Members:
    base = Snapshot(10, 1, members([1, 2, 3]))
    log = [Entry(1, COMMAND), entry_of(members([1, 2, 3], [4]), 1), Entry(1, COMMAND), entry_of(members([1, 2]), 1)]
    return Members(base, log)


def test_the_last_configuration_in_the_log_is_in_force() -> None:
    assert (history().index, history().current) == (14, members([1, 2]))
    assert history().at(13) == members([1, 2, 3], [4])
    assert history().at(11) == members([1, 2, 3])


def test_a_cut_brings_back_the_one_before() -> None:
    config = history()
    config.cut(13)
    assert (config.index, config.current) == (12, members([1, 2, 3], [4]))
    config.cut(11)
    assert (config.index, config.current) == (10, members([1, 2, 3]))


def test_a_snapshot_keeps_the_one_at_its_index() -> None:
    config = history()
    config.compact(13)
    config.cut(14)
    assert (config.index, config.current) == (13, members([1, 2, 3], [4]))


def test_who_was_removed_may_lead_until_it_knows_that_this_is_committed() -> None:
    assert history().may_lead(3, committed=13)
    assert not history().may_lead(3, committed=14)
    assert not history().may_lead(4, committed=13)  # a learner never did
