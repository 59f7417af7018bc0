"""From the text of a scenario file to a `Scenario`, or to all that is wrong with it in one go."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml
from msgspec import inspect

from swarm_consensus.errors import InputError, nearest
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.scenario import Scenario

_SCENARIO = inspect.type_info(Scenario)


class _Loader(yaml.SafeLoader):
    """YAML in which a key given twice is an error: one of the two would be lost in silence."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"key '{key.value}' is given twice", problem_mark=key.start_mark)
        seen.add(key.value)
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(text: str, source: str) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    text
        YAML, as docs/worlds.md describes it.
    source
        Name of the file, for the messages.

    Returns
    -------
    Scenario
        Complete and consistent.

    Raises
    ------
    InputError
        With one sentence for each problem: first those of form (unknown keys, types, bounds), and only if there are
        none those of sense (geometry, names, relations).
    """
    content = _yaml(text, source)
    problems = list(_problems(content, _SCENARIO, ""))
    if problems:
        raise InputError(f"{source}: {problem}" for problem in problems)
    scenario = msgspec.convert(content, Scenario)
    problems = check(scenario)
    if problems:
        raise InputError(f"{source}: {problem}" for problem in problems)
    return scenario


def dump(scenario: Scenario) -> str:
    """Return the text of a scenario; `parse` reads the same back, to the bit."""
    return yaml.safe_dump(msgspec.to_builtins(scenario), sort_keys=False, allow_unicode=True, default_flow_style=None)


def _yaml(text: str, source: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError([f"{source}{where}: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "too deeply nested"
        raise InputError([f"{source}: not YAML: {reason}"]) from None


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
                yield f"{name} is {_spell(value)}, must be text"
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield f"{name} is {_spell(value)}, must be true or false"
        case inspect.IntType() | inspect.FloatType():
            yield from _number_problems(value, kind, name)
        case _:
            raise TypeError(f"no rule for {kind}")  # a new kind of field in scenario.py needs its rule here


def _struct_problems(value: Any, kind: inspect.StructType, path: str) -> Iterator[str]:
    fields = {field.name: field for field in kind.fields}
    name = path or "the file"
    if not isinstance(value, dict):
        yield f"{name} is {_spell(value)}, must be a mapping with the keys {', '.join(fields)}"
        return
    prefix = f"{path}." if path else ""
    for key in value:
        if key not in fields:
            yield f"{prefix}{key} is not a known key{nearest(str(key), fields)}"
    for key, field in fields.items():
        if key in value:
            yield from _problems(value[key], field.type, f"{prefix}{key}")
        elif field.required:
            yield f"{prefix}{key} is missing"


def _list_problems(value: Any, item: inspect.Type, path: str, length: int | None) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path} is {_spell(value)}, must be a list"
    elif length is not None and len(value) != length:
        yield f"{path} has {len(value)} values, must have {length}"
    else:
        for index, member in enumerate(value):
            yield from _problems(member, item, f"{path}[{index}]")


def _dict_problems(value: Any, member: inspect.Type, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is {_spell(value)}, must be a mapping"
        return
    for key, each in value.items():
        if not isinstance(key, str):
            yield f"{path} has the key {_spell(key)}, must be text"
        yield from _problems(each, member, f"{path}.{key}")


def _number_problems(value: Any, kind: inspect.IntType | inspect.FloatType, name: str) -> Iterator[str]:
    whole = isinstance(kind, inspect.IntType)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        yield f"{name} is {_spell(value)}, must be a {'whole ' if whole else ''}number"
        return
    if not whole and not math.isfinite(value):
        yield f"{name} is {value}, must be a finite number"
        return
    for bound, holds, words in (
        (kind.gt, lambda b: value > b, "greater than"),
        (kind.ge, lambda b: value >= b, "at least"),
        (kind.le, lambda b: value <= b, "at most"),
        (kind.lt, lambda b: value < b, "less than"),
    ):
        if bound is not None and not holds(bound):
            yield f"{name} is {value}, must be {words} {bound:g}"


def _literal_problem(name: str, value: Any, known: tuple[Any, ...]) -> str:
    if name == "file_version":
        return f"file_version is {_spell(value)}, this program reads version {known[0]}"
    names = " or ".join(map(str, sorted(known)))
    return f"{name} is {_spell(value)}, must be {names}{nearest(str(value), map(str, known))}"


def _spell(value: Any) -> str:
    """Spell a value as it would stand in the file, shortened."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
