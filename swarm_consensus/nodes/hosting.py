"""Hosting a simulation on ROS: the world's node, its crew, and the loop that serves them to the end."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from swarm_consensus.errors import SwarmError
from swarm_consensus.nodes.crew import Crew
from swarm_consensus.nodes.executor import EventLoop
from swarm_consensus.nodes.lockstep import Lockstep
from swarm_consensus.nodes.realtime import RealTime
from swarm_consensus.simulation.engine import Simulation

STALL_S = 120.0  # s, longest time without a new tick; longer than all that is waited for


def host(
    simulation: Simulation,
    make_crew: Callable[[EventLoop], Crew],
    pace: Literal["fast", "realtime"],
    stall: float = STALL_S,
) -> tuple[str, ...]:
    """Run a simulation to its end with its robots behind ROS topics; call inside `session`.

    Parameters
    ----------
    simulation
        At its first tick.
    make_crew
        Makes what runs the robots' nodes.
    pace
        ``fast``: lockstep; ``realtime``: by the wall clock.
    stall
        Longest time without a new tick, s.

    Returns
    -------
    tuple of str
        A sentence for each robot that was given up.

    Raises
    ------
    KeyboardInterrupt
        On SIGINT or SIGTERM, once all robots' nodes are gone.
    SwarmError
        If the world makes no progress.
    """
    loop = EventLoop()
    node = Node("world", start_parameter_services=False, enable_rosout=False)
    loop.add(node)
    crew = make_crew(loop)
    driver = (Lockstep if pace == "fast" else RealTime)(node, simulation, crew, loop)
    try:
        with _progress(simulation, node, stall):
            driver.start()
            gc.freeze()  # what was made so far stays, and need not be looked at again
            loop.run()
    finally:
        gc.unfreeze()
        crew.close()
        loop.close()
        node.destroy_node()
    if loop.signal is not None:
        raise KeyboardInterrupt
    return tuple(driver.fleet.notes)


@contextmanager
def _progress(simulation: Simulation, node: Node, stall: float) -> Iterator[None]:
    """End a world that hangs: a look every quarter of `stall` restarts an alarm as long as ticks go by."""
    seen = -1

    def look() -> None:
        nonlocal seen
        if simulation.tick != seen:
            seen = simulation.tick
            signal.setitimer(signal.ITIMER_REAL, stall)

    def give_up(_: int, __: FrameType | None) -> None:
        raise SwarmError(f"the world made no progress for {stall:g} s after tick {seen}, and was ended")

    before = signal.signal(signal.SIGALRM, give_up)
    look()
    timer = node.create_timer(stall / 4, look, clock=Clock(clock_type=ClockType.STEADY_TIME))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        node.destroy_timer(timer)
