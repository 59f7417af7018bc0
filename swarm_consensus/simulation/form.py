"""The form of a scenario file, checked against the structs of `scenario`: keys, types and bounds, all problems at once.

msgspec validates as well, but stops at the first problem.
"""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from swarm_consensus.errors import nearest
from swarm_consensus.simulation.scenario import Scenario

_SCENARIO = inspect.type_info(Scenario)


def form_problems(content: Any) -> list[str]:
    """Return all that keeps plain values from being a `Scenario`, each with the path of the field."""
    return list(_problems(content, _SCENARIO, ""))


def spell(value: Any) -> str:
    """Spell a value as it would stand in the file, shortened."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return reprlib.repr(value)
    except ValueError:  # Python refuses to spell whole numbers of more than 4300 digits
        return "a number too long to show"


def _problems(value: Any, kind: inspect.Type, path: str) -> Iterator[str]:  # noqa: PLR0912 - one case for each type
    """Say what is wrong with a value of a type, one sentence each."""
    name = path or "the file"
    match kind:
        case inspect.StructType():
            yield from _struct_problems(value, kind, path)
        case inspect.UnionType(types=types):
            if not (value is None and any(isinstance(member, inspect.NoneType) for member in types)):
                yield from _problems(value, next(m for m in types if not isinstance(m, inspect.NoneType)), path)
        case inspect.LiteralType(values=values):
            if not any(value == known and type(value) is type(known) for known in values):
                yield _literal_problem(name, value, values)
        case inspect.ListType(item_type=item):
            yield from _list_problems(value, item, path, None)
        case inspect.TupleType(item_types=items):
            yield from _list_problems(value, items[0], path, len(items))
        case inspect.DictType(value_type=member):
            yield from _dict_problems(value, member, path)
        case inspect.StrType():
            if not isinstance(value, str):
                yield f"{name} is {spell(value)}, must be text"
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield f"{name} is {spell(value)}, must be true or false"
        case inspect.IntType() | inspect.FloatType():
            yield from _number_problems(value, kind, name)
        case _:
            raise TypeError(f"no rule for {kind}")  # a new kind of field in scenario.py needs its rule here


def _struct_problems(value: Any, kind: inspect.StructType, path: str) -> Iterator[str]:
    fields = {field.name: field for field in kind.fields}
    name = path or "the file"
    if not isinstance(value, dict):
        yield f"{name} is {spell(value)}, must be a mapping with the keys {', '.join(fields)}"
        return
    prefix = f"{path}." if path else ""
    for key in value:
        if key not in fields:
            yield f"{prefix}{_key(key)} is not a known key{nearest(str(key), fields)}"
    for key, field in fields.items():
        if key in value:
            yield from _problems(value[key], field.type, f"{prefix}{key}")
        elif field.required:
            yield f"{prefix}{key} is missing"


def _list_problems(value: Any, item: inspect.Type, path: str, length: int | None) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path} is {spell(value)}, must be a list"
    elif length is not None and len(value) != length:
        yield f"{path} has {len(value)} values, must have {length}"
    else:
        for index, member in enumerate(value):
            yield from _problems(member, item, f"{path}[{index}]")


def _dict_problems(value: Any, member: inspect.Type, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is {spell(value)}, must be a mapping"
        return
    for key, each in value.items():
        if not isinstance(key, str):
            yield f"{path} has the key {spell(key)}, must be text"
        yield from _problems(each, member, f"{path}.{_key(key)}")


def _number_problems(value: Any, kind: inspect.IntType | inspect.FloatType, name: str) -> Iterator[str]:
    whole = isinstance(kind, inspect.IntType)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        yield f"{name} is {spell(value)}, must be a {'whole ' if whole else ''}number"
        return
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{name} is {value}, must be a finite number"
        return
    for bound, broken, words in (
        (kind.gt, operator.le, "greater than"),
        (kind.ge, operator.lt, "at least"),
        (kind.le, operator.gt, "at most"),
        (kind.lt, operator.ge, "less than"),
    ):
        if bound is not None and broken(value, bound):
            yield f"{name} is {spell(value)}, must be {words} {bound:.7g}"


def _literal_problem(name: str, value: Any, known: tuple[Any, ...]) -> str:
    names = " or ".join(map(str, sorted(known)))
    return f"{name} is {spell(value)}, must be {names}{nearest(str(value), map(str, known))}"


def _key(key: Any) -> str:
    """Spell a key such that a terminal can show it."""
    return key if isinstance(key, str) and key.isprintable() else spell(key)
