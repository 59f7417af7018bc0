"""The rules of Raft, sentence by sentence; sections of Ongaro's dissertation in the names' comments.

Nodes are driven by hand on a `Stage`: what is tested is what one member answers to one message.
"""

from __future__ import annotations

import msgspec
import pytest

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.raft.chunks import digest_of
from swarm_consensus.agreement.raft.membership import entry_of, members
from swarm_consensus.agreement.raft.messages import (
    COMMAND,
    NOTHING,
    Append,
    AppendReply,
    Chunk,
    Entry,
    Message,
    ReadReply,
    ReadRequest,
    TimeoutNow,
    VoteReply,
    VoteRequest,
)
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.simulator.stage import SETTINGS, Stage


def request(term: int, sender: int, last: tuple[int, int] = (0, 0), to: int = 1, forced: bool = True) -> VoteRequest:
    return VoteRequest(term, sender, to, *last, False, forced)


def append(
    term: int, previous: tuple[int, int], *terms: int, commit: int = 0, sender: int = 0, to: int = 1, round_: int = 1
) -> Append:
    entries = tuple(Entry(each, COMMAND) for each in terms)
    return Append(term, sender, to, *previous, entries, commit, round_)


def answers(node: Node, message: Message) -> list[Message]:
    """Return what a node answers, once it has stored what it must."""
    node.step(message)
    found: list[Message] = []
    while ready := node.ready():
        found += ready.messages
        node.advance()
    return found


def terms(node: Node) -> list[int]:
    return [node.state.log.term_at(index) for index in range(1, node.state.log.last + 1)]


@pytest.fixture
def stage() -> Stage:
    return Stage(range(3))


@pytest.fixture
def voter(stage: Stage) -> Node:
    """Member 1 of three, which has heard nothing yet."""
    return stage.node(1)


# 3.3: "if one server's current term is smaller than the other's, then it updates its current term to the larger value"
def test_a_larger_term_is_taken_over(voter: Node) -> None:
    answers(voter, append(5, (0, 0)))
    assert voter.state.term == 5


# 3.3: "if a candidate or leader discovers that its term is out of date, it immediately reverts to follower state"
def test_a_leader_steps_down_before_a_larger_term(stage: Stage) -> None:
    stage.elect(1, 0, 2)
    answers(stage.node(1), AppendReply(9, 0, 1, False, 0, 0))
    assert stage.node(1).lead is None
    assert stage.node(1).state.term == 9


# 3.3: "if a server receives a request with a stale term number, it rejects the request"
def test_a_request_of_an_older_term_is_refused_with_the_newer(voter: Node) -> None:
    answers(voter, append(5, (0, 0)))
    assert answers(voter, append(4, (0, 0), 4)) == [AppendReply(5, 1, 0, False, 0, 0)]
    assert answers(voter, request(4, 2)) == [VoteReply(5, 1, 2, False, False)]
    assert terms(voter) == []


# 3.4: "each server will vote for at most one candidate in a given term, on a first-come-first-served basis"
def test_one_vote_a_term(voter: Node) -> None:
    assert answers(voter, request(3, 0)) == [VoteReply(3, 1, 0, True, False)]
    assert answers(voter, request(3, 2)) == [VoteReply(3, 1, 2, False, False)]
    assert answers(voter, request(3, 0)) == [VoteReply(3, 1, 0, True, False)]  # who asks again gets the same answer
    assert answers(voter, request(4, 2)) == [VoteReply(4, 1, 2, True, False)]


# 3.4: "a candidate wins an election if it receives votes from a majority of the servers in the full cluster"
def test_an_election_is_won_by_a_majority_of_all_not_of_those_who_answer() -> None:
    stage = Stage(range(5))
    stage.force(0)
    answers(stage.node(0), VoteReply(1, 1, 0, True, False))
    assert stage.node(0).lead is None
    answers(stage.node(0), VoteReply(1, 2, 0, True, False))
    assert stage.node(0).lead is not None


# 3.4: "if the term in the RPC is at least as large as the candidate's current term, the candidate recognizes the
# leader as legitimate and returns to follower state"
def test_a_candidate_gives_way_to_the_leader_of_its_term(stage: Stage) -> None:
    stage.force(1)
    answers(stage.node(1), append(1, (0, 0)))
    assert stage.node(1).state.leader == 0
    answers(stage.node(1), VoteReply(1, 2, 1, True, False))
    assert stage.node(1).lead is None


# 3.4: "if the term in the RPC is smaller, the candidate rejects the RPC and continues in candidate state"
def test_a_candidate_refuses_an_older_leader(stage: Stage) -> None:
    stage.force(1)
    stage.force(1)
    assert answers(stage.node(1), append(1, (0, 0))) == [AppendReply(2, 1, 0, False, 0, 0)]
    answers(stage.node(1), VoteReply(2, 2, 1, True, False))
    assert stage.node(1).lead is not None


# 3.4: "Raft uses randomized election timeouts"; here from E to 2E - 1
def test_nobody_stands_before_its_patience_is_over(stage: Stage) -> None:
    stage.tick(1, times=2 * SETTINGS.election_ticks - 2)
    assert stage.post == []
    stage.tick(1)
    assert [type(message) for message in stage.post] == [VoteRequest, VoteRequest]


# 3.5: "if the follower does not find an entry in its log with the same index and term, then it refuses the new entries"
@pytest.mark.parametrize("previous", [(3, 2), (2, 2), (7, 1)])
def test_entries_after_what_is_not_there_are_refused(voter: Node, previous: tuple[int, int]) -> None:
    answers(voter, append(3, (0, 0), 1, 1))
    (reply,) = answers(voter, append(3, previous, 3))
    assert isinstance(reply, AppendReply)
    assert (reply.success, reply.index) == (False, previous[0])
    assert (reply.hint_index, reply.hint_term) == (2, 1)
    assert terms(voter) == [1, 1]


# 3.5: "the leader handles inconsistencies by forcing the followers' logs to duplicate its own"
def test_what_conflicts_is_cut_off_with_all_that_follows(voter: Node) -> None:
    answers(voter, append(2, (0, 0), 1, 2, 2))
    answers(voter, append(3, (1, 1), 3, sender=2))
    assert terms(voter) == [1, 3]


# 3.5: what does not conflict stays: the message may be an old one
def test_what_agrees_is_not_cut_off(voter: Node) -> None:
    answers(voter, append(1, (0, 0), 1, 1, 1))
    assert answers(voter, append(1, (0, 0), 1)) == [AppendReply(1, 1, 0, True, 1, 1)]
    assert terms(voter) == [1, 1, 1]


# figure 3.1: "set commitIndex = min(leaderCommit, index of last new entry)"
def test_nothing_is_committed_beyond_what_the_message_covers(voter: Node) -> None:
    answers(voter, append(1, (0, 0), 1, 1, 1))
    answers(voter, append(1, (0, 0), 1, commit=3))
    assert voter.state.log.commit == 1


# 3.5: "a leader never overwrites or deletes entries in its log; it only appends"
def test_a_leader_does_not_listen_to_entries_of_its_own_term(stage: Stage) -> None:
    stage.elect(1, 0, 2)
    before = terms(stage.node(1))
    assert answers(stage.node(1), append(1, (0, 0), 1, 1)) == []
    assert terms(stage.node(1)) == before
    assert stage.node(1).state.faults == 1


# 3.6.1: "if the logs have last entries with different terms, then the log with the later term is more up-to-date; if
# the logs end with the same term, then whichever log is longer"
@pytest.mark.parametrize(
    ("last", "granted"),
    [((2, 2), True), ((3, 2), True), ((1, 3), True), ((1, 2), False), ((9, 1), False), ((0, 0), False)],
)
def test_a_vote_is_denied_to_who_knows_less(voter: Node, last: tuple[int, int], granted: bool) -> None:
    answers(voter, append(2, (0, 0), 1, 2))
    assert answers(voter, request(5, 2, last)) == [VoteReply(5, 1, 2, granted, False)]


# 3.6.2: "only log entries from the leader's current term are committed by counting replicas"
def test_an_entry_of_an_older_term_waits_for_one_of_this(stage: Stage) -> None:
    node = stage.node(1)
    answers(node, append(1, (0, 0), 1))
    stage.elect(1, 0, 2)
    assert terms(node) == [1, 2]  # its no-op is the second
    answers(node, AppendReply(2, 0, 1, True, 1, 1))
    assert node.state.log.commit == 0
    answers(node, AppendReply(2, 0, 1, True, 2, 1))
    assert node.state.log.commit == 2


# 3.7: the state machine's copy of the log: a no-op begins each term (6.4)
def test_a_term_begins_with_a_noop(stage: Stage) -> None:
    stage.elect(1, 0, 2)
    assert [entry.kind for entry in stage.node(1).state.log.between(1, 1)] == [NOTHING]


# 3.8: "each server persists its current term and vote ... before responding to RPCs"
def test_a_vote_is_to_be_stored_with_the_answer_that_tells_of_it(voter: Node) -> None:
    voter.step(request(3, 2))
    ready = voter.ready()
    assert ready is not None
    assert ready.vote is not None
    assert (ready.vote.term, ready.vote.voted_for) == (3, 2)
    assert [type(message) for message in ready.messages] == [VoteReply]


# 3.8: "new log entries before they are counted towards commitment"
def test_a_leader_counts_itself_only_once_it_has_stored() -> None:
    stage = Stage([0])
    node = stage.node(0)
    node.step(TimeoutNow(0, 0, 0))
    ready = node.ready()
    assert ready is not None
    assert (len(ready.entries), ready.committed) == (1, [])
    node.advance()
    following = node.ready()
    assert following is not None
    assert [index for index, _ in following.committed] == [1]


# 3.10: "the prior leader stops accepting new client requests" and "sends a TimeoutNow request"
def test_a_transfer_stops_commands_and_makes_the_heir_stand_at_once(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.node(0).transfer(1)
    stage.pump(0)
    assert not stage.node(0).propose(b"")
    stage.flow(0, 1, 2)
    assert stage.node(1).lead is not None
    assert stage.node(0).lead is None


def test_a_transfer_that_fails_ends(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.node(0).transfer(1)
    for _ in range(SETTINGS.election_ticks):
        stage.tick(0)
        stage.flow(0, 2)
    assert stage.node(0).propose(b"")
    with pytest.raises(AgreementError, match="member 7 can't take over, must be another voter"):
        stage.node(0).transfer(7)


# 4.1: "the new configuration takes effect on each server as soon as it is added to that server's log"
def test_a_configuration_is_in_force_when_it_is_appended(voter: Node) -> None:
    config = members([0, 1, 2, 3])
    voter.step(Append(1, 0, 1, 0, 0, (entry_of(config, 1),), 0, 1))
    assert voter.state.members.current == config
    assert voter.state.log.commit == 0


# 4.1: "if a server's log is truncated, it must fall back to the previous configuration"
def test_a_configuration_that_is_cut_off_is_not_in_force_any_more(voter: Node) -> None:
    voter.step(Append(1, 0, 1, 0, 0, (entry_of(members([0, 1, 2, 3]), 1),), 0, 1))
    answers(voter, append(2, (0, 0), 2, sender=2))
    assert voter.state.members.current == members([0, 1, 2])


# 4.1: "cluster may not begin another change until the last has committed", and the term's first commit comes before
def test_a_change_waits_for_the_terms_first_commit_and_for_the_last_change() -> None:
    stage = Stage(range(3), learners=[3])
    stage.elect(0, 1, 2)
    with pytest.raises(AgreementError, match="nothing of this leader's term is committed yet"):
        stage.node(0).change(members([0, 1], [2, 3]))
    stage.flow(*range(4))
    stage.node(0).change(members([0, 1], [2, 3]))
    with pytest.raises(AgreementError, match="the change at index 2 is not committed yet; one at a time"):
        stage.node(0).change(members([0, 1, 3], [2]))
    with pytest.raises(AgreementError, match="only the leader changes members; member 0 leads"):
        stage.node(1).change(members([0, 1]))


# 4.2.1: "servers join as non-voting members" first
def test_only_a_learner_that_has_caught_up_becomes_a_voter() -> None:
    stage = Stage(range(3), learners=[3])
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    for _ in range(SETTINGS.window + 1):
        stage.propose(0)
        stage.flow(0, 1, 2)
    with pytest.raises(AgreementError, match="member 3 is 10 entries behind, must be a learner and at most 8 behind"):
        stage.node(0).change(members(range(4)))
    with pytest.raises(AgreementError, match="member 9 is 10 entries behind"):
        stage.node(0).change(members([0, 1, 2, 9], [3]))


# 4.2.2: "the leader steps down once C_new is committed", and until then "counts not itself in majorities"
def test_a_leader_that_is_removed_leads_until_that_is_committed_by_the_others(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.change(0, members([1, 2]))
    stage.flow(0, 1)  # with itself it would be a majority of two
    assert stage.node(0).lead is not None
    assert stage.node(0).state.log.commit == 1
    stage.flow(0, 1, 2)
    assert stage.node(0).lead is None
    assert stage.node(1).state.log.commit == 2  # heard of it before the leader left


# 4.2.3: "if a server receives a RequestVote within the minimum election timeout of hearing from a leader, it does not
# update its term or grant its vote"
def test_a_candidate_is_ignored_while_the_leader_is_heard(stage: Stage, voter: Node) -> None:
    stage.tick(1, times=10)
    answers(voter, append(1, (0, 0)))
    stage.tick(1, times=SETTINGS.election_ticks - 1)
    assert answers(voter, request(5, 2, forced=False)) == []
    assert voter.state.term == 1
    stage.tick(1)
    assert answers(voter, request(5, 2, forced=False)) == [VoteReply(5, 1, 2, True, False)]


# 6.2: "a leader steps down if an election timeout elapses without a successful round of heartbeats to a majority"
def test_a_leader_that_hears_no_majority_steps_down(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.tick(0, times=SETTINGS.election_ticks)
    assert stage.node(0).lead is not None
    stage.tick(0)
    assert stage.node(0).lead is None


def test_one_follower_of_two_keeps_the_leader_in_office(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    for _ in range(30):
        stage.tick(0)
        stage.flow(0, 1)
    assert stage.node(0).lead is not None


# 6.4: "the leader issues a new round of heartbeats and waits for their acknowledgments from a majority"
def test_a_read_waits_for_a_round_begun_after_it_was_asked(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.tick(0, times=8)  # the lease is over
    old = [message for message in stage.post if isinstance(message, Append) and message.to == 1]
    stage.lose()
    stage.read(0)
    for message in old:
        stage.deliver(message)
    stage.flow(0, 1, kind=AppendReply)
    assert stage.reads == []
    stage.flow(0, 1)
    assert stage.reads == [1]


def test_a_read_in_the_lease_costs_no_message(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.lose()
    stage.read(0)
    assert (stage.reads, stage.post) == ([1], [])


# 6.4: "a leader must have the latest information on which entries are committed ... blank no-op entry"
def test_a_leader_without_a_commit_of_its_term_serves_no_read(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.read(0)
    assert stage.reads == []


# 6.4: "followers ask the leader for a current readIndex, and wait until the state machine is at least that far"
def test_a_follower_reads_once_it_has_applied_what_the_leader_had_committed(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.propose(0)
    stage.flow(0, 2)  # committed without member 1
    stage.read(1)
    stage.flow(0, 1, kind=(ReadRequest, ReadReply))
    assert stage.reads == []
    stage.flow(0, 1)
    assert stage.reads == [1]
    assert stage.node(1).state.log.applied == 2


# 9.6: "a candidate only increments its term if it first learns from a majority that they would be willing"
def test_a_pre_vote_changes_nobodys_term(stage: Stage) -> None:
    stage.tick(0, times=20)
    stage.tick(1, times=10)
    asked = [message for message in stage.post if isinstance(message, VoteRequest) and message.to == 1]
    assert [message.pre for message in asked] == [True]
    (reply,) = answers(stage.node(1), asked[0])
    assert reply == VoteReply(1, 1, 0, True, True)
    assert (stage.node(0).state.term, stage.node(1).state.term, stage.node(1).state.voted_for) == (0, 0, None)
    stage.deliver(reply)
    assert stage.node(0).state.term == 1


# 5.3: "if the follower has an entry with the same index and term as the snapshot's last, retain what follows"
def test_a_snapshot_of_what_is_there_keeps_what_follows(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    for _ in range(3):
        stage.propose(0)
    stage.flow(0, 1, kind=Append)  # member 1 stores them all, but nobody hears of it
    stage.flow(0, 2, until=lambda: stage.node(0).state.log.applied == 4)
    node, leader = stage.node(1), stage.node(0)
    leader.compact(b"state")
    data = msgspec.msgpack.encode(leader.state.log.snapshot)
    replies = answers(node, Chunk(1, 0, 1, 4, len(data), digest_of(data), 0, data, 1))
    assert replies == [AppendReply(1, 1, 0, True, 4, 1)]
    assert (node.state.log.commit, node.state.log.snapshot.index) == (4, 0)


# not in the paper, which has no full air: what waits for its turn is not said twice
def test_while_the_air_is_full_entries_wait_and_heartbeats_speak_of_what_is_there(stage: Stage) -> None:
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    leader = stage.node(0)
    leader.state.crowded = True
    for _ in range(3):
        stage.propose(0)
    assert not stage.post
    stage.tick(0, times=SETTINGS.heartbeat_ticks)
    beats = [message for message in stage.post if isinstance(message, Append)]
    assert [(beat.to, beat.previous_index, beat.entries) for beat in beats] == [(1, 1, ()), (2, 1, ())]
    stage.flow(0, 1, 2)
    assert leader.state.log.commit == 1
    assert leader.lead is not None
    leader.state.crowded = False
    stage.tick(0)
    stage.flow(0, 1, 2)
    assert [stage.node(number).state.log.commit for number in range(3)] == [4, 4, 4]
