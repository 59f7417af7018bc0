"""From the text of a scenario file to a `Scenario`, or to all that is wrong with it in one go."""

from __future__ import annotations

from typing import Any

import msgspec

from swarm_consensus.errors import InputError
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.form import form_problems, spell
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.text import line_of, read, write

VERSION = 1


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
        With one sentence for each problem, in the order of the lines: those of form (unknown keys, types, bounds), or
        if there are none those of sense (geometry, names, relations).
    """
    content, node = read(text, source)
    problems = [_version_problem(content)] if _other_version(content) else form_problems(content)
    if not problems:
        scenario = msgspec.convert(content, Scenario)
        problems = check(scenario)
        if not problems:
            return scenario
    lines = [line_of(problem, node) for problem in problems]
    raise InputError(
        f"{source}: {problem}{f' (line {line})' if line else ''}"
        for line, problem in sorted(zip(lines, problems, strict=True), key=lambda pair: pair[0] or 0)
    )


def dump(scenario: Scenario) -> str:
    """Return the text of a scenario; `parse` reads the same back, to the bit."""
    return write(msgspec.to_builtins(scenario))


def _other_version(content: Any) -> bool:
    """Tell whether the text says that it is of another version; what else is wrong with it is not for us to say."""
    version = content.get("file_version") if isinstance(content, dict) else None
    return isinstance(version, int) and not isinstance(version, bool) and version != VERSION


def _version_problem(content: dict[str, Any]) -> str:
    return f"file_version is {spell(content['file_version'])}, this program reads version {VERSION}"
