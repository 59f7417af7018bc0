"""The checker itself: histories whose verdict is known, and the search by hand over all orders."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.simulator.linearizability import (
    FOR_EVER,
    Operation,
    counter,
    faulty_keys,
    is_linearizable,
)


def add(amount: int, called: int, returned: int = FOR_EVER, answer: int | None = None) -> Operation:
    return Operation(0, 0, amount, called, returned, answer)


def read(answer: int, called: int, returned: int) -> Operation:
    return Operation(0, 0, None, called, returned, answer)


def test_nothing_is_linearizable() -> None:
    assert is_linearizable([])


def test_one_after_the_other() -> None:
    assert is_linearizable([add(1, 0, 1, 1), add(2, 2, 3, 3), read(3, 4, 5)])


def test_a_stale_read_is_found() -> None:
    assert not is_linearizable([add(1, 0, 1, 1), read(0, 2, 3)])


def test_a_read_beside_a_write_may_see_either() -> None:
    assert is_linearizable([add(1, 0, 10, 1), read(0, 2, 3), read(1, 4, 5)])
    assert not is_linearizable([add(1, 0, 10, 1), read(1, 2, 3), read(0, 4, 5)])


def test_a_command_done_twice_is_found() -> None:
    assert not is_linearizable([add(1, 0, 1, 1), read(2, 2, 3)])


def test_a_lost_command_is_found() -> None:
    assert not is_linearizable([add(1, 0, 1, 1), add(2, 2, 3, 2)])


def test_an_unanswered_command_may_have_happened_or_not_but_not_before_it_was_asked() -> None:
    assert is_linearizable([add(1, 0), read(0, 2, 3)])
    assert is_linearizable([add(1, 0), read(0, 2, 3), read(1, 4, 5)])
    assert not is_linearizable([read(1, 0, 1), add(1, 2)])
    assert not is_linearizable([add(1, 0), read(1, 2, 3), read(0, 4, 5)])


def test_keys_are_judged_apart() -> None:
    good, bad = Operation(0, 1, 1, 0, 1, 1), Operation(0, 2, 1, 0, 1, 9)
    assert faulty_keys([good, bad]) == [2]


def test_two_answers_at_once_that_only_one_order_explains() -> None:
    # both adds overlap; 2 then 1 gives answers 2 and 3
    assert is_linearizable([add(1, 0, 9, 3), add(2, 0, 9, 2)])
    assert not is_linearizable([add(1, 0, 9, 1), add(2, 0, 9, 2)])


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    operations = []
    for _ in range(draw(st.integers(1, 5))):
        called = draw(st.integers(0, 8))
        amount = draw(st.one_of(st.none(), st.integers(1, 2)))
        returned = called + draw(st.integers(1, 5))
        answered = amount is None or draw(st.booleans())
        answer = draw(st.integers(0, 4)) if answered else None
        operations.append(Operation(0, 0, amount, called, returned if answered else FOR_EVER, answer))
    return operations


def by_hand(history: list[Operation]) -> bool:
    """Try all orders of all operations: at most 120."""
    for order in permutations(history):
        if any(later.returned < earlier.called for k, earlier in enumerate(order) for later in order[k + 1 :]):
            continue
        state: int | None = 0
        for operation in order:
            state = counter(state, operation) if state is not None else None
        if state is not None:
            return True
    return False


@settings(max_examples=400, deadline=None)
@given(histories())
def test_it_agrees_with_trying_all_orders(history: list[Operation]) -> None:
    assert is_linearizable(history) == by_hand(history)
