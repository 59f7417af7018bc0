"""The journal: proofs of its lines and of its growth, and where lines stop being the ones written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.journal import Head, Journal, first_fault, has_line, only_grew
from swarm_consensus.network.merkle import EMPTY

LINES = [b"line %d" % number for number in range(10)]


class Paper:
    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def append_journal(self, lines: Sequence[bytes]) -> None:
        self.lines += lines

    def journal(self) -> list[bytes]:
        return self.lines


def test_an_empty_journal_has_a_head() -> None:
    assert Journal(Paper()).head() == Head(0, EMPTY)


def test_it_goes_on_where_it_was() -> None:
    paper = Paper()
    head = Journal(paper).append(LINES)
    again = Journal(paper)
    assert again.head() == head
    assert len(again) == 10


def test_a_line_is_proved_to_who_knows_the_head_only() -> None:
    journal = Journal(Paper())
    head = journal.append(LINES)
    proof = journal.prove_line(3)
    assert has_line(head, 3, b"line 3", proof)
    assert not has_line(head, 3, b"line 4", proof)
    assert not has_line(head, 4, b"line 3", proof)


def test_growth_is_proved_and_a_rewritten_past_is_not() -> None:
    journal, other = Journal(Paper()), Journal(Paper())
    old = journal.append(LINES[:4])
    new = journal.append(LINES[4:])
    assert only_grew(old, new, journal.prove_growth(4))
    forged = other.append([*LINES[:3], b"forged", *LINES[4:]])
    assert not only_grew(old, forged, other.prove_growth(4))


def test_a_full_journal_refuses_and_drops_nothing() -> None:
    paper = Paper()
    journal = Journal(paper, most=10)
    head = journal.append(LINES)
    with pytest.raises(AgreementError, match="holds 10 lines and takes at most 10: 1 more are refused"):
        journal.append([b"one too many"])
    assert (journal.head(), paper.lines) == (head, LINES)


HEADS = [Journal(Paper()).append(LINES[:size]) for size in (2, 5, 10)]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (LINES, ""),
        ([*LINES, b"later"], ""),
        ([b"altered", *LINES[1:]], "a line from 0 to 1 was altered"),
        ([*LINES[:3], *LINES[4:], b"x"], "a line from 2 to 4 was altered, moved or left out"),
        ([*LINES[:5], LINES[6], LINES[5], *LINES[7:]], "a line from 5 to 9 was altered, moved"),
        (LINES[:8], "2 lines are missing at the end: 8 of 10 are there"),
    ],
)
def test_the_first_fault_is_named(lines: list[bytes], words: str) -> None:
    assert first_fault(lines, HEADS).startswith(words)
    assert (first_fault(lines, HEADS) == "") == (words == "")
