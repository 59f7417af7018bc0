"""Agreement among liars: counts, refusals, attackers one by one and in pairs, mutants, proofs. About 20 s."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement

import liars as bench
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.byzantine.broadcast import Broadcast
from swarm_consensus.agreement.byzantine.decision import Decider, Timing
from swarm_consensus.agreement.byzantine.messages import Decision, Message, Proposal, Saved
from swarm_consensus.agreement.byzantine.votes import (
    Conflict,
    KeyRing,
    KeySigner,
    Poll,
    Vote,
    cast,
    digest_of,
    is_proof,
)
from swarm_consensus.agreement.errors import AgreementError, SettingsError
from swarm_consensus.agreement.simulator import broadcasts, captured
from swarm_consensus.agreement.simulator.liars import WAYS
from swarm_consensus.agreement.simulator.notary import Notary
from swarm_consensus.agreement.simulator.plays import PLAYS
from swarm_consensus.network.keys import PrivateKey

NOTARY = Notary(10)


def decider(own: int, members: int = 4, liars: int = 1, saved: Saved | None = None, **more: object) -> Decider:
    return Decider(own, members, liars, b"x", b"value %d" % own, bool, NOTARY.signer(own), NOTARY, saved=saved, **more)  # type: ignore[arg-type]


# counts


@pytest.mark.parametrize(("members", "broadcast", "decision"), [(4, 36, 24), (7, 105, 84), (10, 210, 180)])
def test_message_counts_are_those_of_the_formulas(members: int, broadcast: int, decision: int) -> None:
    """n + 2 n^2, those to oneself included; 2 n (n - 1) in three steps: proposal, prepare, commit."""
    assert bench.count_broadcast(members, NOTARY.signer, NOTARY)[0] == broadcast == members + 2 * members**2
    messages, _, steps = bench.count_decision(members, NOTARY.signer, NOTARY)
    assert (messages, steps) == (decision, 3)
    assert decision == 2 * members * (members - 1)


def test_it_works_with_real_signatures() -> None:
    keys = [PrivateKey(bytes((number + 1,)) * 32) for number in range(4)]
    ring = KeyRing(tuple(key.public for key in keys))
    assert bench.count_broadcast(4, lambda i: KeySigner(keys[i]), ring)[0] == 36
    assert bench.count_decision(4, lambda i: KeySigner(keys[i]), ring)[0] == 24
    assert not ring.verify(4, b"", bytes(64))


# refusals


@pytest.mark.parametrize(("members", "liars", "bears"), [(3, 1, 0), (6, 2, 1), (7, 3, 2), (9, 3, 2)])
def test_more_liars_than_n_bears_are_refused(members: int, liars: int, bears: int) -> None:
    words = f"{members} members can't stand {liars} liars; they stand {bears}"
    with pytest.raises(AgreementError, match=words):
        decider(0, members, liars)
    with pytest.raises(AgreementError, match=words):
        Broadcast(0, members, liars, 0, b"x", NOTARY.signer(0), NOTARY)


def test_wrong_input_is_a_sentence() -> None:
    with pytest.raises(AgreementError, match="member 4 does not exist, must be from 0 to 3"):
        decider(4)
    with pytest.raises(AgreementError, match="sender 4 is no member"):
        Broadcast(0, 4, 1, 4, b"x", NOTARY.signer(0), NOTARY)
    with pytest.raises(AgreementError, match="begins the broadcast of member 1"):
        Broadcast(0, 4, 1, 1, b"x", NOTARY.signer(0), NOTARY).begin(b"")
    with pytest.raises(AgreementError, match="513 bytes, must be at most 512"):
        Broadcast(0, 4, 1, 0, b"x", NOTARY.signer(0), NOTARY).begin(bytes(513))
    with pytest.raises(SettingsError, match="patience is 0"):
        decider(0, timing=Timing(patience=0))
    with pytest.raises(SettingsError, match="doublings is -1"):
        decider(0, timing=Timing(doublings=-1))


def test_one_member_decides_by_itself() -> None:
    alone = decider(0, 1, 0)
    alone.step(next(iter([cast(NOTARY.signer(0), "commit", b"x", 0, digest_of(b""), 0)])))
    saved, letters = alone.ready()
    assert letters == []
    assert saved is not None


# whole runs


@pytest.mark.parametrize("first", range(0, 150, 50))
def test_no_two_honest_members_decide_differently_and_all_decide(first: int) -> None:
    for seed in range(first, first + 50):
        captured.run(seed)


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_what_one_honest_member_delivers_all_do(first: int) -> None:
    for seed in range(first, first + 100):
        broadcasts.run(seed)


@pytest.mark.parametrize("ways", list(combinations_with_replacement(WAYS, 2)), ids="+".join)
def test_two_attackers_together_achieve_nothing(ways: tuple[str, str]) -> None:
    runs = [captured.run(seed, ways=ways) for seed in range(8)]
    assert any(len(run.setting.liars) > 1 for run in runs)


def test_a_seed_gives_the_same_run_again() -> None:
    one, two = captured.run(5), captured.run(5)
    assert (one.sent, one.tally, one.clock.now) == (two.sent, two.tally, two.clock.now)
    assert broadcasts.run(5).sent == broadcasts.run(5).sent


def test_the_runs_are_not_idle() -> None:
    runs = [captured.run(seed) for seed in range(500, 530)]
    assert sum(run.tally["views"] for run in runs) > 15
    assert sum(run.tally["restarts"] for run in runs) > 30
    assert sum(captured.run(seed, ways=("schemes",)).tally["proofs"] > 0 for seed in range(500, 520)) > 3
    assert {way for run in runs for way in run.setting.ways} == set(WAYS)
    sides = [broadcasts.run(seed) for seed in range(500, 560)]
    assert {member.delivered for side in sides for member in side.honest.values()} == {b"north", b"south", None}


# mutants


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.__name__)
def test_the_protocol_stands_each_play(play: Callable[[captured.Parts], None]) -> None:
    play(captured.Parts())


@pytest.mark.parametrize("name", bench.DECIDERS)
def test_a_planted_bug_in_decisions_is_found(name: str) -> None:
    parts = bench.DECIDERS[name]
    assert bench.killing_play(parts) or bench.first_violation(lambda seed: captured.run(seed, parts), range(60))


@pytest.mark.parametrize("name", bench.BROADCASTS)
def test_a_planted_bug_in_broadcasts_is_found(name: str) -> None:
    parts = bench.BROADCASTS[name]
    assert bench.first_violation(lambda seed: broadcasts.run(seed, parts), range(100))


def test_three_liars_among_seven_or_two_among_four_make_the_honest_disagree() -> None:
    """What the refusal is for: forced with one more than n bears, the honest decide differently."""
    parts = captured.Parts(extra_liars=1)
    ways = ("schemes",)
    assert bench.first_violation(lambda seed: captured.run(seed, parts, ways), range(100), "agreement")


# proofs


def vote(member: int = 1, value: bytes = b"a", view: int = 0, instance: bytes = b"x") -> Vote:
    return cast(NOTARY.signer(member), "commit", instance, view, digest_of(value), member)


def test_two_votes_for_two_values_prove_a_lie_and_nothing_else_does() -> None:
    assert is_proof(Conflict(vote(), vote(value=b"b")), NOTARY)
    innocent = [vote(), vote(member=2, value=b"b"), vote(value=b"b", view=1), vote(value=b"b", instance=b"y")]
    assert not any(is_proof(Conflict(vote(), other), NOTARY) for other in innocent)
    forged = msgspec.structs.replace(vote(), digest=digest_of(b"b"))
    assert not is_proof(Conflict(vote(), forged), NOTARY)
    assert not is_proof(Conflict(forged, vote()), NOTARY)


def test_a_primary_of_two_values_is_found_out_by_the_prepare_of_another() -> None:
    group = {number: decider(number) for number in (1, 2)}
    for number, value in ((1, b"a"), (2, b"b")):
        proposed = cast(NOTARY.signer(0), "propose", b"x", 0, digest_of(value), 0)
        group[number].step(Proposal(proposed, value))
    (said,) = [letter.message for letter in group[1].ready()[1] if letter.to == 2]
    assert not group[2].conflicts
    group[2].step(said)
    assert set(group[2].conflicts) == {0}
    assert is_proof(group[2].conflicts[0], NOTARY)


def test_who_floods_takes_the_place_of_its_own_votes_only() -> None:
    poll = Poll(b"x", NOTARY)
    assert poll.take(vote(member=2))
    for view in range(6000):
        poll.take(vote(view=view))
    assert len(poll._newest) == 2
    assert len(poll._sound) <= 4096
    assert [each.member for each in poll.votes("commit", 0, digest_of(b"a"))] == [2]


# single members


def decided_group() -> tuple[list[Decider], list[Message]]:
    group, said = [decider(number) for number in range(4)], []
    while letters := [letter for member in group for letter in member.ready()[1]]:
        for letter in letters:
            said.append(letter.message)
            group[letter.to].step(letter.message)
    return group, said


GROUP, SAID = decided_group()


@given(st.sampled_from(SAID), st.integers(0, 5000))
@settings(max_examples=400)
def test_a_message_with_any_bit_flipped_is_another_message_or_has_no_effect(message: Message, bit: int) -> None:
    """A member that takes the flipped message in stays as it was: nothing to store, nothing to say."""
    data = bytearray(msgspec.msgpack.encode(message))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    try:
        flipped = msgspec.msgpack.decode(data, type=Message)
    except (msgspec.MsgspecError, ValueError):
        return
    member = decider(1)
    member.ready()
    member.step(flipped)
    assert member.ready() == (None, []) or flipped == message


def test_a_decision_needs_the_commits_of_a_quorum() -> None:
    decision = GROUP[0].decision
    assert decision is not None
    late = decider(1)
    for fewer in (decision.votes[:2], (decision.votes[0],) * 3, ()):
        late.step(Decision(decision.value, fewer))
        assert late.decided is None
    late.step(Decision(b"another", decision.votes))
    assert late.decided is None
    late.step(decision)
    assert late.decided == b"value 0"


def test_a_silent_primary_is_replaced_and_costs_its_patience() -> None:
    group = {number: decider(number) for number in (1, 2, 3)}
    ticks = 0
    while any(member.decided is None for member in group.values()):
        ticks += 1
        for member in group.values():
            member.tick()
        while letters := [letter for member in group.values() for letter in member.ready()[1]]:
            for letter in letters:
                if letter.to in group:
                    group[letter.to].step(letter.message)
    assert ticks == Timing().patience
    assert {member.decided for member in group.values()} == {b"value 1"}, "the next primary's"


def test_a_member_that_is_cut_off_does_not_run_ahead() -> None:
    alone = decider(1)
    for _ in range(10_000):
        alone.tick()
    assert alone.view == 1


def test_what_is_stored_is_enough_to_go_on_after_a_crash() -> None:
    member = decider(1)
    proposed = cast(NOTARY.signer(0), "propose", b"x", 0, digest_of(b"a"), 0)
    member.step(Proposal(proposed, b"a"))
    saved, letters = member.ready()
    assert saved is not None
    again = decider(1, saved=msgspec.msgpack.decode(msgspec.msgpack.encode(saved), type=Saved))
    assert again.ready() == (None, letters), "it says the same again, to the bit"
    other = cast(NOTARY.signer(0), "propose", b"x", 0, digest_of(b"b"), 0)
    again.step(Proposal(other, b"b"))
    assert again.ready() == (None, []), "and does not vote twice"
