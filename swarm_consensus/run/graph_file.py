"""Reading a graph: from an edge list, or from where the robots of a world start."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError
from swarm_consensus.run.worlds import find_world, load
from swarm_consensus.simulation.placement import place, start_links

MOST_NODES = 2000  # a misread file must not fill the memory; averaging weights of 2000 nodes take minutes


@dataclass(frozen=True, slots=True)
class NamedGraph:
    """A graph whose nodes have names, and places if they are robots."""

    title: str
    names: tuple[str, ...]  # n
    adjacency: Array  # (n, n) link weights
    position: Array | None  # (n, 2) m, world frame; None: nodes have no place


def read_graph(source: str | Path, seed: int = 0) -> NamedGraph:
    """Read a graph.

    Parameters
    ----------
    source
        An edge list (docs/graphs.md), or a scenario file that ends in ``.yaml`` or ``.yml``, or the name of a world.
        Of a world the graph is that of the links held from the first tick.
    seed
        Of the starts of a world's groups, as in ``swarm run``.

    Raises
    ------
    InputError
        If it can't be read, or for everything that is wrong in it.
    """
    path = Path(source)
    if path.suffix not in (".yaml", ".yml") and path.is_file():
        return _from_edges(path)
    scenario = load(find_world(source))
    robots = place(scenario, np.random.default_rng(seed).spawn(2)[0])
    links = start_links(scenario, robots).astype(float)
    position = np.array([robot.position[:2] for robot in robots]).reshape(-1, 2)
    return NamedGraph(f"{scenario.name}, start of seed {seed}", tuple(robot.name for robot in robots), links, position)


def _from_edges(path: Path) -> NamedGraph:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError([f"{path}: not a text file in UTF-8"]) from None
    except OSError as error:
        raise InputError([f"{path}: {(error.strerror or str(error)).lower()}"]) from None
    names, weights = parse_edges(text, str(path))
    index = {name: number for number, name in enumerate(names)}
    adjacency = np.zeros((len(names), len(names)))
    for (first, second), weight in weights.items():
        adjacency[index[first], index[second]] = adjacency[index[second], index[first]] = weight
    return NamedGraph(path.name, names, adjacency, None)


def parse_edges(text: str, source: str) -> tuple[tuple[str, ...], dict[tuple[str, str], float]]:
    """Read an edge list: a link a line, ``a b`` or ``a b weight``, apart by blanks or commas; a name alone is a node.

    Parameters
    ----------
    text
        The list; from ``#`` on a line is a comment.
    source
        Name of the file, for the messages.

    Returns
    -------
    tuple
        The names of the nodes (as numbers in ascending order if all are, else in the order of the file), and the
        weight of each link by the names of its ends.

    Raises
    ------
    InputError
        With one sentence for each line that is wrong; or if there is no node, or more than `MOST_NODES`.
    """
    nodes: dict[str, None] = {}
    weights: dict[tuple[str, str], float] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = [word for word in re.split(r"[\s,;]+", line.partition("#")[0]) if word]
        if not words:
            continue
        problem = _problem(words, weights)
        if problem:
            problems.append(f"{source}: {problem} (line {number})")
            continue
        nodes.update(dict.fromkeys(words[:2]))
        if len(words) > 1:
            weights[words[0], words[1]] = float(words[2]) if len(words) > 2 else 1.0
    if not problems and not 1 <= len(nodes) <= MOST_NODES:
        problems = [f"{source}: has {len(nodes)} nodes, must have 1 to {MOST_NODES}"]
    if problems:
        raise InputError(problems)
    names = sorted(nodes, key=int) if all(re.fullmatch(r"-?\d{1,18}", name) for name in nodes) else nodes
    return tuple(names), weights


def _problem(words: list[str], weights: dict[tuple[str, str], float]) -> str:
    """Say what is wrong with a line, or nothing."""
    if len(words) > 3:
        return f"has {len(words)} words, must be 'a b' or 'a b weight'"
    if len(words) == 1:
        return ""
    first, second = words[:2]
    if first == second:
        return f"links '{first}' to itself"
    if (first, second) in weights or (second, first) in weights:
        return f"links '{first}' and '{second}' a second time; links work both ways"
    return _weight_problem(words[2]) if len(words) > 2 else ""


def _weight_problem(word: str) -> str:
    try:
        weight = float(word)
    except ValueError:
        return f"weight is '{word}', must be a number"
    return "" if weight > 0.0 and math.isfinite(weight) else f"weight is {word}, must be positive and finite"
