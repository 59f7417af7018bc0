"""Runs ``swarm`` with something that happens at a tick: ``driver.py TICK WHAT ARGUMENTS...``.

WHAT is ``interrupt`` (Ctrl-C), ``kill:NAME`` (that robot's process dies) or ``stop:NAME`` (it hangs).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from swarm_consensus.cli import main
from swarm_consensus.run.recorder import Recorder
from swarm_consensus.simulation.record import TickRecord


def children() -> list[int]:
    own = f"/proc/{os.getpid()}/task"
    return [int(pid) for task in os.listdir(own) for pid in Path(own, task, "children").read_text().split()]


def happen(what: str) -> None:
    kind, _, name = what.partition(":")
    if kind == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
        return
    for pid in children():
        if f'robot:="{name}"' in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
            os.kill(pid, signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
            return
    raise AssertionError(f"no process of {name} among {children()}")


def run() -> int:
    tick, what, *arguments = sys.argv[1:]
    record = Recorder.record

    def record_and_act(self: Recorder, item: TickRecord) -> None:
        record(self, item)
        if item.tick == int(tick):
            happen(what)

    Recorder.record = record_and_act  # type: ignore[method-assign]
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run())
