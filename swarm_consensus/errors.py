"""Errors a person can act on: each is a sentence that names the field, the value and the bound."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

# what decoding may raise, whatever the bytes are; a RecursionError from a depth on that depends on the caller's
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)


class SwarmError(Exception):
    """Base of every error that is the user's to mend; the command line prints it and exits with 2."""


class InputError(SwarmError):
    """Several problems found in one reading, so that a file is mended in one go.

    Parameters
    ----------
    problems
        One sentence each, in the order in which they stand in the input.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the spelling of `known` nearest to `word`, or ''."""
    matches = get_close_matches(word, list(known), n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""
