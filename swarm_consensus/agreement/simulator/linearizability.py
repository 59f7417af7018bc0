"""Is a recorded history linearizable? The search of Wing and Gong with Lowe's memory of what was tried.

Operations overlap in time. The history is linearizable if each can be given an instant between its call and its
return so that, carried out in that order, one by one, all answers are right. The search goes through the calls and
returns in the order of time. It carries out any operation that has been called; where it meets the return of one that
hasn't been carried out, it goes back to its last choice. A pair (operations done, state) that was tried before is not
tried again.

References
----------
J. Wing, C. Gong, "Testing and verifying concurrent objects", J. Parallel Distrib. Comput. 17, 1993.
G. Lowe, "Testing for linearizability", Concurrency Comput. Pract. Exp. 29, 2017.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

FOR_EVER = 2**62  # when an operation returns whose answer nobody heard: it may take effect at any time, or never


@dataclass(slots=True)
class Operation:
    """What one client did."""

    client: int
    key: int
    amount: int | None  # added; None for a read
    called: int
    returned: int = FOR_EVER
    answer: int | None = None


class _Event:
    """A call or a return, in a list that events can be taken out of and put back into."""

    __slots__ = ("bit", "next", "operation", "previous", "returning")

    def __init__(self, operation: Operation | None, bit: int = 0) -> None:
        self.operation = operation
        self.bit = bit
        self.previous: _Event = self
        self.next: _Event | None = None
        self.returning: _Event | None = None  # of a call: its return

    def take_out(self) -> None:
        self.previous.next = self.next
        if self.next:
            self.next.previous = self.previous

    def put_back(self) -> None:
        self.previous.next = self
        if self.next:
            self.next.previous = self


def counter(state: int, operation: Operation) -> int | None:
    """Return a counter's state after an operation, or None if its answer would be wrong."""
    after = state + (operation.amount or 0)
    return after if operation.answer is None or operation.answer == after else None


def is_linearizable(
    history: Sequence[Operation], step: Callable[[int, Operation], int | None] = counter, start: int = 0
) -> bool:
    """Tell whether the operations on one object can be put in an order.

    An operation without an answer may be given any instant after its call; the end, where it disturbs nobody, is one.
    """
    head = _listed(history)
    state, done = start, 0
    tried: set[tuple[int, int]] = set()
    chosen: list[tuple[_Event, int]] = []
    event = head.next
    while head.next:
        if event is not None and event.returning is not None and event.operation is not None:
            after = step(state, event.operation)
            if after is not None and (done | event.bit, after) not in tried:
                tried.add((done | event.bit, after))
                chosen.append((event, state))
                state, done = after, done | event.bit
                event.take_out()
                event.returning.take_out()
                event = head.next
            else:
                event = event.next
            continue
        if not chosen:
            return False
        event, state = chosen.pop()
        done &= ~event.bit
        if event.returning is not None:
            event.returning.put_back()
        event.put_back()
        event = event.next
    return True


def _listed(history: Sequence[Operation]) -> _Event:
    """Return the head of the list of events, in the order of time; at one instant calls come before returns."""
    dated = []
    for number, operation in enumerate(history):
        call, back = _Event(operation, 1 << number), _Event(None)
        call.returning = back
        dated += [(operation.called, 0, number, call), (operation.returned, 1, number, back)]
    head = last = _Event(None)
    for *_, event in sorted(dated, key=lambda each: each[:3]):
        last.next, event.previous = event, last
        last = event
    return head


def faulty_keys(history: Iterable[Operation]) -> list[int]:
    """Return the keys whose operations are not linearizable; keys are independent (Herlihy and Wing's locality)."""
    by_key: dict[int, list[Operation]] = defaultdict(list)
    for operation in history:
        by_key[operation.key].append(operation)
    return [key for key, operations in sorted(by_key.items()) if not is_linearizable(operations)]
