"""The disks of robots that run in this process: what they hold outlives a robot's crash, and goes to the run folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.messages import Config, Ready
from swarm_consensus.agreement.storage import Storage
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig

FOLDER = "facts"  # of a run folder: one file for each robot


class Disks:
    """One disk for each robot that takes part in the log."""

    def __init__(self) -> None:
        self._disks: dict[int, MemoryStorage] = {}

    def making(self, make_agent: Callable[..., Agent]) -> Callable[[AgentConfig], Agent]:
        """Return what turns orders into a robot with its disk, the same one after a crash."""

        def make(config: AgentConfig) -> Agent:
            orders = config.facts
            if orders is None:
                return make_agent(config)
            if config.index not in self._disks:
                self._disks[config.index] = MemoryStorage(orders.config(len(config.roster)))
            return make_agent(config, self._disks[config.index])

        return make

    def keep(self, folder: Path, names: Sequence[str]) -> None:
        """Write what the disks hold into files, as robots that have a process of their own do."""
        for robot, disk in self._disks.items():
            saved = disk.load()
            file = open_disk(folder, names[robot], saved.snapshot.config)
            snapshot = saved.snapshot if saved.snapshot.index else None
            restore, first = snapshot is not None, saved.snapshot.index + 1
            file.save(Ready(saved.vote, snapshot, restore, first, saved.entries, [], [], []))
            file.close()


def open_disk(folder: Path, name: str, config: Config) -> Storage:
    """Open a robot's file in a folder, both made if need be.

    Raises
    ------
    StorageError
        If it can't be made, or is not what this robot wrote.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} can't be made: {(error.strerror or str(error)).lower()}") from error
    return Storage(folder / f"{name}.sqlite", name, config)
