"""The register of people: who may do what, and everything that is refused, with the sentence."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.roles import (
    ACTIONS,
    ALWAYS,
    ROLES,
    Body,
    Grant,
    Order,
    Person,
    Request,
    Revoke,
    Roles,
    Ruling,
    includes,
    ruling_of,
    sign,
)
from swarm_consensus.agreement.sessions import Command, Open, Sessions, pack
from swarm_consensus.network.keys import PrivateKey

ALICE, BOB, CAROL, EVE = (PrivateKey(bytes((letter,)) * 32) for letter in b"abce")
PEOPLE = {
    ALICE.public.raw: Person("alice", "administrator", 0, 0),
    BOB.public.raw: Person("bob", "operator", 0, 0),
}
SWARM = b"swarm"


def register() -> Roles:
    return Roles(PEOPLE, SWARM)


def told(roles: Roles, index: int, key: PrivateKey, number: int, body: Body, swarm: bytes = SWARM) -> Ruling:
    return ruling_of(roles.apply(index, sign(key, number, body, swarm)))


def test_each_role_includes_those_before_it_and_nothing_else() -> None:
    """Written out: a table that a person can check against the issue."""
    expected = {
        "viewer": {"look"},
        "operator": {"look", "goto", "behaviour", "formation", "halt", "resume", "land"},
        "commander": set(ACTIONS) - {"grant", "revoke"},
        "administrator": set(ACTIONS),
    }
    for role in ROLES:
        roles = Roles({**PEOPLE, CAROL.public.raw: Person("carol", role, 0, 0)}, SWARM)
        assert {action for action in ACTIONS if not roles.may(CAROL.public.raw, action)} == expected[role]
    assert not includes("king", "viewer")


def test_a_grant_counts_until_it_is_revoked() -> None:
    roles = register()
    granted = told(roles, 1, ALICE, 1, Grant(CAROL.public.raw, "carol", "commander"))
    assert granted == Ruling(1, "alice", "grant", True, "")
    assert roles.people[CAROL.public.raw] == Person("carol", "commander", 0, 1)
    assert told(roles, 2, CAROL, 1, Order("arm")).allowed
    assert roles.standing is not None
    assert (roles.standing.index, roles.standing.order.action) == (2, "arm")
    assert CAROL.public in roles.commanders()
    assert told(roles, 3, ALICE, 2, Revoke(CAROL.public.raw)).allowed
    assert "has no role" in told(roles, 4, CAROL, 2, Order("arm")).why
    assert CAROL.public not in roles.commanders()
    assert roles.standing.index == 2


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        (EVE, Order("goto"), "key .* is not known"),
        (EVE, Grant(EVE.public.raw, "eve", "administrator"), "is not known"),
        (BOB, Order("arm"), "bob is operator, 'arm' takes commander"),
        (BOB, Grant(BOB.public.raw, "bob", "administrator"), "bob is operator, 'grant' takes administrator"),
        (BOB, Revoke(ALICE.public.raw), "'revoke' takes administrator"),
        (BOB, Order("gotoo"), "action 'gotoo' does not exist; did you mean 'goto'?"),
        (ALICE, Order("grant"), "'grant' is no order to robots"),
        (ALICE, Grant(EVE.public.raw, "eve", "comander"), "role 'comander' does not exist; did you mean 'commander'?"),
        (ALICE, Grant(EVE.public.raw, "bob", "viewer"), "the name bob is that of another key"),
        (ALICE, Revoke(EVE.public.raw), "has no role"),
        (ALICE, Revoke(ALICE.public.raw), "would leave no administrator"),
        (ALICE, Grant(ALICE.public.raw, "alice", "commander"), "would leave no administrator"),
        (ALICE, Grant(ALICE.public.raw, "alice", "administrator", 99), "no administrator whose key never expires"),
    ],
)
def test_what_is_refused_is_a_sentence_and_changes_nothing(key: PrivateKey, body: Body, words: str) -> None:
    roles = register()
    people = dict(roles.people)
    ruling = told(roles, 1, key, 1, body)
    assert not ruling.allowed
    assert re.search(words, ruling.why)
    assert (roles.people, roles.standing) == (people, None)


def test_the_last_administrator_may_go_once_there_is_another() -> None:
    roles = register()
    assert told(roles, 1, ALICE, 1, Grant(CAROL.public.raw, "carol", "administrator")).allowed
    assert told(roles, 2, ALICE, 2, Revoke(ALICE.public.raw)).allowed
    assert "would leave no administrator" in told(roles, 3, CAROL, 1, Revoke(CAROL.public.raw)).why


def test_no_request_takes_effect_twice_whoever_proposes_it_again() -> None:
    roles = register()
    grant = sign(ALICE, 1, Grant(CAROL.public.raw, "carol", "commander"), SWARM)
    order = sign(CAROL, 5, Order("arm"), SWARM)
    assert ruling_of(roles.apply(1, grant)).allowed
    assert ruling_of(roles.apply(2, order)).allowed
    assert told(roles, 3, ALICE, 2, Revoke(CAROL.public.raw)).allowed
    assert "number 1 was used already, the newest is 2" in ruling_of(roles.apply(4, grant)).why
    assert told(roles, 5, ALICE, 3, Grant(CAROL.public.raw, "carol", "commander")).allowed
    assert "number 5 was used already" in ruling_of(roles.apply(6, order)).why, "not after a new grant either"
    assert told(roles, 7, CAROL, 6, Order("arm")).allowed


def test_a_refused_request_is_used_up_too() -> None:
    """Or it could be kept, and proposed once its author may do it."""
    roles = register()
    arm = sign(BOB, 1, Order("arm"), SWARM)
    assert not ruling_of(roles.apply(1, arm)).allowed
    assert told(roles, 2, ALICE, 1, Grant(BOB.public.raw, "bob", "commander")).allowed
    assert "was used already" in ruling_of(roles.apply(3, arm)).why


def test_a_request_for_another_swarm_or_with_a_false_signature_is_nothing() -> None:
    roles = register()
    assert "another swarm" in told(roles, 1, ALICE, 1, Revoke(BOB.public.raw), b"other").why
    true = msgspec.msgpack.decode(sign(BOB, 7, Order("goto"), SWARM), type=Request)
    for change in ({"number": 8}, {"author": ALICE.public.raw}, {"body": msgspec.msgpack.encode(Order("halt"))}):
        forged = msgspec.structs.replace(true, **change)
        assert "does not fit" in ruling_of(roles.apply(2, msgspec.msgpack.encode(forged))).why
    assert told(roles, 3, BOB, 1, Order("goto")).allowed, "a forgery used up nobody's number"


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered_and_change_nothing(data: bytes) -> None:
    roles = register()
    before = roles.snapshot()
    assert not ruling_of(roles.apply(1, data)).allowed
    assert roles.snapshot() == before


@given(st.integers(0, 3000), st.integers(0, 7))
def test_no_flipped_bit_of_a_request_has_an_effect(place: int, bit: int) -> None:
    roles = register()
    data = bytearray(sign(ALICE, 1, Grant(EVE.public.raw, "eve", "administrator"), SWARM))
    data[place % len(data)] ^= 1 << bit
    assert not ruling_of(roles.apply(1, bytes(data))).allowed
    assert roles.people == register().people


KEYS = {"alice": ALICE, "bob": BOB, "carol": CAROL, "eve": EVE}
BODIES = st.one_of(
    st.builds(
        lambda name, role, expires: Grant(KEYS[name].public.raw, name, role, expires),
        st.sampled_from(list(KEYS)),
        st.sampled_from([*ROLES, "king"]),
        st.sampled_from([0, 0, 99]),
    ),
    st.builds(lambda name: Revoke(KEYS[name].public.raw), st.sampled_from(list(KEYS))),
    st.builds(Order, st.sampled_from([*ACTIONS, "dance"])),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(KEYS)), BODIES, st.booleans()), max_size=25), st.integers(0, 25))
def test_it_does_what_a_plain_model_does(steps: list[tuple[str, Body, bool]], cut: int) -> None:
    """The model: a dictionary of roles, and the rules written once more, without signatures."""
    roles, numbers = register(), dict.fromkeys(KEYS, 1)
    model: dict[str, tuple[str, int]] = {"alice": ("administrator", 0), "bob": ("operator", 0)}
    for index, (name, body, again) in enumerate(steps):
        if index == cut:  # a member that starts from a snapshot goes on alike
            state = roles.snapshot()
            roles = register()
            roles.restore(state)
            assert roles.snapshot() == state
        numbers[name] += not again
        allowed = told(roles, index, KEYS[name], numbers[name], body).allowed
        action = body.action if isinstance(body, Order) else type(body).__name__.lower()
        may = name in model and action in ACTIONS and includes(model[name][0], ACTIONS[action])
        may = may and (not model[name][1] or action == ALWAYS)  # nothing tells the time here
        after = dict(model)
        if isinstance(body, Grant):
            target = next(each for each, key in KEYS.items() if key.public.raw == body.key)
            may = may and body.role in ROLES
            after[target] = (body.role, body.expires)
        elif isinstance(body, Revoke):
            target = next(each for each, key in KEYS.items() if key.public.raw == body.key)
            may = may and target in model
            after.pop(target, None)
        else:
            may = may and action not in ("grant", "revoke")
        may = may and ("administrator", 0) in after.values()
        if allowed:
            assert may
            model = after
        elif may:
            assert again, "refused without a reason of the model: only a number used before"
        assert {person.name: (person.role, person.expires) for person in roles.people.values()} == model


def test_behind_a_session_a_copy_gets_the_first_answer() -> None:
    sessions = Sessions(register())
    session = sessions.apply(1, pack(Open(7))).session
    command = pack(Command(session, 1, sign(BOB, 1, Order("goto"), SWARM)))
    first, second = sessions.apply(2, command), sessions.apply(3, command)
    assert first.answer == second.answer
    assert ruling_of(first.answer) == Ruling(2, "bob", "goto", True, "")


def test_founders_that_can_not_work_are_refused_together() -> None:
    with pytest.raises(SettingsError) as caught:
        Roles({BOB.public.raw: Person("bob", "operater", 0, 0)}, SWARM)
    assert caught.value.problems == (
        "bob: role 'operater' does not exist; did you mean 'operator'?",
        "no founder is an administrator whose key never expires: nobody could ever change a role",
    )
