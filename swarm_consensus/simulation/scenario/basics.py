"""The numbers that a scenario file is made of, and what all its parts have in common."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

LARGEST = 1e6  # of any number in the file: metres, seconds, radians; far beyond use, and no sum of them overflows
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Point = list[Number]  # [x, y] or [x, y, z], m
Positive = Annotated[float, Meta(gt=0, le=LARGEST)]
NotNegative = Annotated[float, Meta(ge=0, le=LARGEST)]
Commits = Annotated[int, Meta(ge=0, le=1_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Vehicle = Literal["multirotor", "rover"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Base of all parts: immutable, unknown keys are errors."""
