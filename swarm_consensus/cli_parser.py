"""What the command line understands: its parser, and how it reads numbers, days and ranges."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NoReturn

from swarm_consensus.errors import nearest

HELD, FAILED, BAD_INPUT, INTERRUPTED, NO_READER = 0, 1, 2, 130, 141


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the nearest valid spelling of a choice or an option."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with 2."""
        sys.stderr.write(f"{self.prog}: {message}{' ' if message.endswith('?') else '; '}see '{self.prog} --help'\n")
        sys.exit(BAD_INPUT)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is unknown here, where the verb's options are known, and not at the end."""
        chosen, unknown = super().parse_known_args(args, namespace)
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            self.error(f"'{unknown[0]}' is not known{nearest(unknown[0], known)}")
        return chosen, unknown

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            hint = nearest(str(value), known) or f", choose from {', '.join(known)}"
            raise argparse.ArgumentError(action, f"'{value}' is not known{hint}")


def whole(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from a least one on."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is too small, must be at least {least}")
        return number

    return read


def seconds(text: str) -> float:
    """Read a positive number of seconds."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds") from None
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"'{text}' must be a positive number of seconds")
    return number


def day(text: str) -> int:
    """Read a day to come, UTC, as the seconds since 1970 at which it begins."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day such as 2027-01-31") from None
    if moment <= datetime.now(timezone.utc):
        raise argparse.ArgumentTypeError(f"{text} is over, must be a day to come")
    return int(moment.timestamp())


def part(text: str) -> float:
    """Read a number between 0 and 1."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not 0.0 < number < 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' must be between 0 and 1")
    return number


def seeds(text: str) -> range:
    """Read a range of seeds, both ends included."""
    first, dots, last = text.partition("..")
    try:
        start, end = int(first), int(last if dots else first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a range of seeds such as 0..19") from None
    if not 0 <= start <= end:
        raise argparse.ArgumentTypeError(f"'{text}' must count upwards from at least 0")
    return range(start, end + 1)
