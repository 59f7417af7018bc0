"""The one way in which this package opens ROS and spins: an EventsExecutor that ends on SIGINT and SIGTERM.

The executor's own `spin` and untimed `spin_once` hang at full load and ignore signals on the wheels of Jazzy and
Kilted; `spin_until_future_complete` with a timeout does not. It handles a message in a third of the default's time.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import rclpy
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from swarm_consensus.errors import SwarmError

INTERRUPTED = 130  # exit status
SLICE_S = 0.25  # s, longest time for which a waiting executor leaves a signal unanswered


@contextmanager
def session(arguments: Sequence[str] | None = None) -> Iterator[None]:
    """Open ROS for the duration of a ``with`` block, and leave all signals to `EventLoop`.

    rclpy's own handler closes the context at once, after which a robot could no longer tell its vehicle to stop.

    Parameters
    ----------
    arguments
        Command line, program name first; None: none at all.

    Raises
    ------
    SwarmError
        If what follows ``--ros-args`` can't be read.
    """
    try:
        rclpy.init(args=list(arguments or []), signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # the one type that rclpy gives all its reasons
        raise SwarmError(f"ROS does not start: {str(error).splitlines()[0]}") from error
    try:
        yield
    finally:
        rclpy.try_shutdown()


class EventLoop:
    """Serves the callbacks of its nodes until somebody says `end`, or a signal does."""

    def __init__(self) -> None:
        self._executor: Any = EventsExecutor()
        self._pause = Future()
        self._ended = False
        self.signal: int | None = None  # the signal that ended the loop

    def add(self, node: Node) -> None:
        """Serve this node's callbacks, too."""
        self._executor.add_node(node)

    def remove(self, node: Node) -> None:
        """Serve this node's callbacks no longer."""
        self._executor.remove_node(node)

    @property
    def ended(self) -> bool:
        """Whether `end` was called or a signal came."""
        return self._ended

    def end(self) -> None:
        """Return from `run` after the present callback. Safe from callbacks, signal handlers and other threads."""
        self._ended = True
        self._pause.set_result(None)

    def run(self) -> None:
        """Serve callbacks until `end`, SIGINT or SIGTERM.

        Raises
        ------
        Exception
            Whatever a callback raises.
        """
        with self._signals():
            while not self._ended and rclpy.ok():
                # A new future each time: the executor leaves a callback in each future that it is given.
                self._pause = Future()
                self._executor.spin_until_future_complete(self._pause, timeout_sec=SLICE_S)

    def close(self) -> None:
        """Let go of all nodes."""
        self._executor.shutdown()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, _: FrameType | None) -> None:
            self.signal = number
            self.end()

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_main(run: Callable[[list[str]], int | None], arguments: list[str]) -> int:
    """Run a node's body as a program: what the user can mend is a sentence on stderr and exit status 2.

    An interrupt before the node serves anything is exit status 130, without a traceback.

    Parameters
    ----------
    run
        Takes the command line, program name first; returns an exit status, or None for 0.
    arguments
        Command line.
    """
    try:
        return run(arguments) or 0
    except SwarmError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:  # SIGINT before `EventLoop.run` took it over
        return INTERRUPTED
