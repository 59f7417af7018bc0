"""Whether the network of a start bears the liars that a scenario says it does."""

from __future__ import annotations

from collections.abc import Iterator

from numpy import bool_
from numpy.typing import NDArray

from swarm_consensus.graph.robustness import Robustness, robustness
from swarm_consensus.simulation.scenario import Quantity, Scenario


def liar_problems(scenario: Scenario, links: NDArray[bool_]) -> Iterator[str]:
    """Say for which quantities the links of the start are too few to bear the liars.

    Exact up to 20 robots; beyond, what can be proved (`graph.robustness`). It is the start that is judged: robots that
    move apart may lose what they had.

    Parameters
    ----------
    scenario
        Its quantities are sound.
    links
        Pairs that hold a link from the first tick, shape (n, n).
    """
    asked = [(place, q) for place, q in enumerate(scenario.quantities) if q.law == "resilient" and q.liars]
    if not asked:
        return
    found = robustness(links.astype(float))
    for place, quantity in asked:
        borne = found.liars if quantity.among == "all" else found.liars_per_neighbourhood
        if borne < (quantity.liars or 0):
            yield f"quantities[{place}].liars is {quantity.liars}: {_needed(quantity, found)}: it bears {borne}"


def _needed(quantity: Quantity, found: Robustness) -> str:
    """Name the condition, and what is known of the graph."""
    most = quantity.liars or 0
    known = f"{found.r}-robust" if found.exact else f"proved to be {found.r}-robust only"
    if quantity.among == "neighbours":
        return f"among each robot's neighbours they need links that are {2 * most + 1}-robust, the start is {known}"
    r = min(most + 1, len(found.s))
    if r == most + 1:
        known = f"({r},{found.s[r - 1]})-robust"
        known = known if found.exact else f"proved to be {known} only"
    return f"in the whole swarm they need links that are ({most + 1},{most + 1})-robust, the start is {known}"
