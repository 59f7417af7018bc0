"""How benchmarks that take one number are told it."""

from __future__ import annotations

import argparse


def number(about: str | None, name: str, default: int) -> int:
    """Return the number on the command line, or the default; wrong input ends the program with a sentence.

    Parameters
    ----------
    about
        The benchmark's docstring.
    name
        What the number counts.
    default
        Used where none is given.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(name, nargs="?", type=int, default=default, help=f"({default})")
    found: int = getattr(parser.parse_args(), name)
    if found < 1:
        parser.error(f"{name} is {found}, must be at least 1")
    return found
