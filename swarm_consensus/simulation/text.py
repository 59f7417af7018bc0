"""YAML text to plain values and back, and in which line of the text a field stands."""

from __future__ import annotations

import re
from typing import Any

import yaml

from swarm_consensus.errors import InputError

_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+")  # 1e-3: PyYAML reads text without it
_PATH = re.compile(r"[^\s.\[\]]+(?:\.[^\s.\[\]]+|\[\d+\])*")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class _Loader(yaml.SafeLoader):
    """YAML in which a key given twice is an error: one of the two would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Check the keys, then let SafeLoader work."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be text", problem_mark=key.start_mark)
            if key.value in seen and key.value != "<<":
                raise yaml.MarkedYAMLError(problem=f"key '{key.value}' is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return dict(super().construct_mapping(node, deep=deep))


class _Dumper(yaml.SafeDumper):
    """The writer that quotes whatever `_Loader` would not read as text."""


for _tool in (_Loader, _Dumper):
    _tool.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


def read(text: str, source: str) -> tuple[Any, yaml.Node | None]:
    """Return the content of a YAML text, and its nodes for `line_of`.

    Raises
    ------
    InputError
        If it is no YAML, or a key is given twice.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return (None if node is None else loader.construct_document(node)), node
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise InputError([f"{source}: {', '.join(filter(None, (error.context, error.problem)))}{where}"]) from None
    except RecursionError:
        raise InputError([f"{source}: too deeply nested"]) from None
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:  # of tags: !!bool maybe
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError([f"{source}: not YAML that this program reads: {reason}"]) from None


def write(content: Any) -> str:
    """Return plain values as YAML in ASCII; `read` gives the same back, numbers to the bit.

    Other characters are escaped: written as they are, PyYAML loses the rarer line breaks among them.
    """
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, default_flow_style=None))


def line_of(sentence: str, node: yaml.Node | None) -> int | None:
    """Return the line, from 1, of the field whose path begins a sentence, or of the nearest part that holds it.

    Parameters
    ----------
    sentence
        Such as ``radio.range_m is -3, must be greater than 0``.
    node
        Top of the text's nodes.

    Returns
    -------
    int or None
        None if the sentence does not begin with a path of this text.
    """
    path = _PATH.match(sentence)
    found = None
    for step in _STEP.finditer(path.group() if path else ""):
        child = _child(node, step)
        if child is None:
            break
        node, found = child
    return found


def _child(node: yaml.Node | None, step: re.Match[str]) -> tuple[yaml.Node, int] | None:
    index, key = step.groups()
    if index is not None and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
        value = node.value[int(index)]
        return value, value.start_mark.line + 1
    if key is not None and isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key.rstrip(":"):
                return value, name.start_mark.line + 1
    return None
