"""The two products of the plane, in plain arithmetic: exact in whole numbers, and in floats the same on any machine."""

from __future__ import annotations

from typing import TypeVar

Number = TypeVar("Number", int, float)


def turn(a: tuple[Number, Number], b: tuple[Number, Number], c: tuple[Number, Number]) -> Number:
    """Return twice the signed area of a triangle: positive where c is to the left of the line from a to b."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def along(origin: tuple[Number, Number], one: tuple[Number, Number], other: tuple[Number, Number]) -> Number:
    """Return the inner product of the ways from a point to two others: positive where they lead to the same side."""
    return (one[0] - origin[0]) * (other[0] - origin[0]) + (one[1] - origin[1]) * (other[1] - origin[1])
