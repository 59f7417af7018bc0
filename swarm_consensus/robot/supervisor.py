"""When a robot holds still, and the sentence that says why. The first reason that applies is the one shown."""

from __future__ import annotations

from collections.abc import Sequence

from swarm_consensus.robot.neighbours import Neighbours


def reason_to_hold(neighbours: Neighbours, names: Sequence[str], tick: int) -> str | None:
    """Say why a robot with fresh odometry must not move on what it knows of the others, or None.

    Parameters
    ----------
    neighbours
        The robot's table, with its links up to date.
    names
        The roster's names.
    tick
        The present tick.

    Returns
    -------
    str or None
        ``waiting for x``: nothing was heard of x yet, so it may be anywhere, dead or alive; ``x not heard``: the news
        of a held neighbour is too old; ``cut off with 2 of 5``: no majority of the roster is heard of, or not for
        long enough to know of this robot; ``alone``: no link is left; None: move.
    """
    if len(names) == 1:
        return None
    if neighbours.unknown:
        return f"waiting for {names[neighbours.unknown[0]]}"
    stale = neighbours.stale(tick)
    if stale is not None:
        return f"{names[stale]} not heard"
    if not neighbours.quorate(tick):
        return f"cut off with {neighbours.count} of {len(names)}"
    return None if neighbours.held or not neighbours.keeps_links else "alone"
