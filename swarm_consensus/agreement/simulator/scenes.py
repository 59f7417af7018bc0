"""Sequences of events at which one rule alone stands between the log and a lost entry or a stale read.

Each is a play for a `Stage`. With the parts as they should be nothing happens; with the rule taken out the checks cry
out.
"""

from __future__ import annotations

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Append, AppendReply, TimeoutNow, VoteReply, VoteRequest
from swarm_consensus.agreement.simulator.host import Parts
from swarm_consensus.agreement.simulator.stage import Stage

LONG = b"x" * 60  # so long that no other entry rides in the same message


def figure_8(parts: Parts) -> None:
    """An entry of an older term on a majority is not committed by that (section 3.6.2, figure 3.7)."""
    stage = Stage(range(5), parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(*range(5))
    stage.propose(0, LONG)  # index 2, stored by 0 and 1
    stage.flow(0, 1, kind=Append)
    stage.elect(4, 2, 3)  # another entry 2 at 4 alone
    stage.restart(0)
    stage.elect(0, 1, 2, 3)  # in the term of 4
    stage.elect(0, 1, 2, 3)  # above it
    stage.flow(0, 2, until=lambda: stage.node(2).state.log.term_at(2) == 1)
    stage.flow(0, 1, 2, kind=AppendReply)
    stage.flow(0, 1, kind=(Append, AppendReply), until=lambda: stage.node(0).state.log.commit >= 2)
    stage.restart(4)
    stage.elect(4, 2, 3)
    stage.elect(4, 2, 3)


def old_vote(parts: Parts) -> None:
    """Votes of term 1 arrive in term 2, in which another was elected (section 3.4)."""
    stage = Stage(range(5), parts=parts)
    stage.force(0)
    stage.flow(0, 1, 2, kind=VoteRequest)
    votes = stage.take(1, 0, VoteReply) + stage.take(2, 0, VoteReply)
    stage.lose()
    stage.force(0)
    stage.lose()
    stage.force(3)
    stage.elect(3, 1, 2)
    for vote in votes:
        stage.deliver(vote)


def vote_twice(parts: Parts) -> None:
    """One vote arrives twice, and two voters elect another (section 3.4)."""
    stage = Stage(range(5), parts=parts)
    stage.force(0)
    stage.flow(0, 1, kind=VoteRequest)
    (vote,) = stage.take(1, 0, VoteReply)
    stage.deliver(vote)
    stage.deliver(vote)
    stage.elect(3, 2, 4)


def forgotten_vote(parts: Parts) -> None:
    """A voter crashes right after its vote, and is asked by another (section 3.8)."""
    stage = Stage(range(3), parts=parts)
    stage.force(0)
    stage.flow(0, 1, kind=VoteRequest)
    (vote,) = stage.take(1, 0, VoteReply)
    stage.restart(1)
    stage.elect(2, 1)
    stage.deliver(vote)


def old_answer(parts: Parts) -> None:
    """A yes of term 1 to index 2 arrives in term 3, in which entry 2 is another."""
    stage = Stage(range(5), parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(0, 1, kind=(Append, AppendReply))
    stage.propose(0)
    stage.flow(0, 1, kind=Append)
    answers = stage.take(1, 0, AppendReply)
    stage.elect(2, 3, 4)
    stage.flow(*range(5))
    stage.elect(0, 1, 2, 3, 4)
    stage.flow(0, 3)
    for answer in answers:
        stage.deliver(answer)
    stage.elect(4, 1, 2)
    stage.elect(4, 1, 2)


def cut_configuration(parts: Parts, compact: bool = False) -> None:
    """Member 0 appends the removal of 3, which is cut off again, while the others add 4 (section 4.1)."""
    stage = Stage(range(4), learners=[4], parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(*range(5))
    stage.propose(0)
    stage.flow(*range(5))
    stage.change(0, members([0, 1, 2], [4]))  # at 0 alone
    if compact:
        stage.compact(0)
    stage.elect(1, 2, 3)
    stage.flow(*range(5))
    if compact:
        stage.restart(0)
    stage.change(1, members(range(5)))
    stage.flow(1, 3, 4)
    stage.elect(0, 2)
    stage.elect(0, 2)


def snapshot_configuration(parts: Parts) -> None:
    """The same, with a snapshot taken while the removal was not committed."""
    cut_configuration(parts, compact=True)


def change_in_new_term(parts: Parts) -> None:
    """Two leaders change members before either committed anything of its term (the bug of 2015)."""
    stage = Stage(range(4), learners=[4], parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(*range(5))
    stage.change(0, members(range(5)))  # at 0 and 4 alone
    stage.flow(0, 4, kind=Append)
    stage.elect(1, 2, 3)
    stage.lose()
    stage.change(1, members([1, 2, 3], [4]))
    for _ in range(3):
        stage.tick(1)
        stage.flow(1, 2)
    stage.restart(0)
    stage.elect(0, 3, 4)
    stage.elect(0, 3, 4)


def two_changes(parts: Parts) -> None:
    """A leader that is cut off removes one voter after the other until it is alone (section 4.1)."""
    stage = Stage(range(3), parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.change(0, members([0, 1]))
    stage.change(0, members([0]))
    stage.elect(1, 2)


def forgotten_entry(parts: Parts) -> None:
    """Who acknowledged an entry crashes, and votes (section 3.8)."""
    stage = Stage(range(3), parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.propose(0)
    stage.flow(0, 1, kind=(Append, AppendReply), until=lambda: stage.node(0).state.log.commit == 2)
    stage.restart(1)
    stage.elect(2, 1)
    stage.elect(2, 1)


def shorter_log(parts: Parts) -> None:
    """A member that lacks a committed entry stands for election (section 3.6.1)."""
    stage = Stage(range(3), parts=parts)
    stage.elect(0, 1, 2)
    stage.propose(0)
    stage.flow(0, 1)
    stage.elect(2, 1)
    stage.elect(2, 1)


def old_append(parts: Parts) -> None:
    """A message that was overtaken arrives after what followed it was acknowledged (section 3.5)."""
    stage = Stage(range(3), parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.propose(0)
    old = stage.take(0, 1, Append)
    stage.deliver(old[0])
    stage.propose(0)
    stage.flow(0, 1, kind=Append, until=lambda: stage.node(1).state.log.last == 3)
    stage.deliver(old[0])
    stage.flow(0, 1, kind=AppendReply)
    stage.elect(1, 2)


def learners_answer(parts: Parts) -> None:
    """Learners store an entry that no other voter has (section 4.2.1)."""
    stage = Stage(range(3), learners=[3, 4], parts=parts)
    stage.elect(0, 1, 2)
    stage.flow(0, 3, 4)
    stage.elect(1, 2)


def deposed_reader(parts: Parts) -> None:
    """A leader whose lease is over does not know yet that another was elected (section 6.4)."""
    stage = _led_by_0(parts)
    stage.tick(0, times=8)
    _win(stage, 1, 2)
    stage.read(0)


def reader_without_commit(parts: Parts) -> None:
    """A new leader does not know yet that its last entry is committed (section 6.4)."""
    stage = Stage(range(3), parts=parts)
    stage.elect(0, 1, 2)
    stage.propose(0)
    stage.flow(0, 1, until=lambda: stage.node(0).state.log.commit == 2)
    stage.elect(1, 2)
    stage.read(1)


def late_transfer(parts: Parts) -> None:
    """The order to take over arrives long after the leader gave the transfer up (section 3.10)."""
    stage = _led_by_0(parts)
    stage.node(0).transfer(1)
    stage.pump(0)
    (order,) = stage.take(0, 1, TimeoutNow)
    for _ in range(12):
        stage.tick(0)
        stage.flow(0, 1, 2)
    stage.deliver(order)
    stage.flow(1, 2)
    stage.read(0)


def late_answer(parts: Parts) -> None:
    """The answer to an old round arrives late: the lease began when the round did (section 6.4.1)."""
    stage = _led_by_0(parts)
    stage.tick(0, times=2)
    stage.flow(0, 1, 2, kind=Append)
    answers = stage.take(1, 0, AppendReply)
    stage.lose()
    stage.tick(0, times=7)
    for answer in answers:
        stage.deliver(answer)
    _win(stage, 1, 2)
    stage.read(0)


def candidate_in_lease(parts: Parts, restart: bool = False) -> None:
    """Member 1 hears nothing of the leader and stands for election, while 2 has just heard it (section 4.2.3)."""
    stage = _led_by_0(parts)
    stage.tick(1, times=18)
    stage.lose()
    stage.tick(0, times=3)
    stage.flow(0, 2)
    stage.lose()
    if restart:
        stage.restart(2)
    stage.tick(1, times=20)
    stage.flow(1, 2)
    stage.read(0)


def candidate_after_restart(parts: Parts) -> None:
    """The same, and 2 has just started anew."""
    candidate_in_lease(parts, restart=True)


def candidate_of_same_term(parts: Parts) -> None:
    """Member 2 heard of term 2 from an answer, before the candidate's request, and just after the leader."""
    stage = _led_by_0(parts)
    stage.tick(1, 2, times=19)  # both stand for election
    asked = stage.take(2, 1, VoteRequest)
    stage.flow(1, 2, kind=VoteRequest)
    stage.tick(0, times=3)
    stage.flow(0, 2, kind=(Append, AppendReply))  # 2 hears the leader, which thereby has its lease
    stage.flow(1, 2, kind=VoteReply)  # 1 stands in term 2
    requests = stage.take(1, 2, VoteRequest)
    stage.deliver(asked[0])
    stage.flow(1, 2, kind=VoteReply)  # 2 learns of term 2
    for request in requests:
        stage.deliver(request)
    stage.flow(1, 2)
    stage.read(0)


def _led_by_0(parts: Parts) -> Stage:
    """Return a stage of three on which 0 has just been confirmed by both."""
    stage = Stage(range(3), parts=parts)
    stage.tick(1, 2, times=10)
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.tick(0, times=2)
    stage.flow(0, 1, 2)
    return stage


def _win(stage: Stage, number: int, other: int) -> None:
    """Let a member be elected by the passing of time, and commit something."""
    stage.lose()
    stage.tick(other, times=12)
    stage.stand(number)
    stage.flow(number, other)


SCENES = (
    figure_8,
    old_vote,
    vote_twice,
    forgotten_vote,
    old_answer,
    cut_configuration,
    snapshot_configuration,
    change_in_new_term,
    two_changes,
    forgotten_entry,
    shorter_log,
    old_append,
    learners_answer,
    deposed_reader,
    reader_without_commit,
    late_transfer,
    late_answer,
    candidate_in_lease,
    candidate_after_restart,
    candidate_of_same_term,
)
