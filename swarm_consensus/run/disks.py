"""The disks of robots that run in this process: what they hold outlives a robot's crash, and goes to the run folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.messages import Config, Ready
from swarm_consensus.agreement.storage import Storage
from swarm_consensus.network import key_files
from swarm_consensus.network.bundle_file import BundleFile
from swarm_consensus.network.replay import MemoryMarks
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.disk import MemoryDisk
from swarm_consensus.robot.identity import Secrets, Trust
from swarm_consensus.simulation.identities import simulated_secrets

FOLDER = "facts"  # of a run folder: one file for each robot


class Disks:
    """One disk for each robot: its part of the log, its epoch and its replay marks."""

    def __init__(self) -> None:
        self._disks: dict[int, MemoryStorage] = {}
        self.files: dict[int, MemoryDisk] = {}  # of each robot, beside its log
        self._shelves: dict[int, MemoryMarks] = {}
        self._epochs: Counter[int] = Counter()

    def making(self, make_agent: Callable[..., Agent]) -> Callable[[AgentConfig], Agent]:
        """Return what turns orders into a robot with its disk, the same one after a crash."""

        def make(config: AgentConfig) -> Agent:
            orders, robot = config.facts, config.index
            parts: dict[str, Any] = {}
            if orders is not None:
                if robot not in self._disks:
                    self._disks[robot] = MemoryStorage(orders.config(len(config.roster)))
                parts["storage"] = self._disks[robot]
            if config.decisions is not None or config.bundle is not None:
                parts["disk"] = self.files.setdefault(robot, MemoryDisk())
            if config.trust is not None:
                parts["secrets"] = self._secrets(config.trust, robot, config.roster[robot].name)
            return make_agent(config, **parts)

        return make

    def _secrets(self, trust: Trust, robot: int, name: str) -> Secrets:
        self._epochs[robot] += 1
        return simulated_secrets(trust, name, self._epochs[robot], self._shelves.setdefault(robot, MemoryMarks()))

    def keep(self, folder: Path, names: Sequence[str]) -> None:
        """Write what the disks hold into files, as robots that have a process of their own do."""
        for robot, disk in self._disks.items():
            saved = disk.load()
            file = open_disk(folder, names[robot], saved.snapshot.config)
            snapshot = saved.snapshot if saved.snapshot.index else None
            restore, first = snapshot is not None, saved.snapshot.index + 1
            file.save(Ready(saved.vote, snapshot, restore, first, saved.entries, [], [], []))
            if disk.journal():
                file.append_journal(disk.journal())
            file.close()
        for robot, disk_files in self.files.items():
            kept = FolderDisk(folder / names[robot])
            for name, data in disk_files.files.items():
                kept.save(name, data)
            for name, shelf in disk_files.shelves.items():
                for chunk in shelf.load():
                    kept.shelf(name).keep(chunk)


class FolderDisk:
    """One robot's disk as a folder, made when something is saved.

    Parameters
    ----------
    folder
        Of this robot alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str) -> bytes | None:
        """Return what was saved under a name; None: nothing.

        Raises
        ------
        StorageError
            If it is there and can't be read.
        """
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{self._folder / name} can't be read: {_reason(error)}") from error

    def save(self, name: str, data: bytes) -> None:
        """Save something in the place of what was there, whole or not at all: a crash leaves the one or the other.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        path, fresh = self._folder / name, self._folder / f"{name}.new"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StorageError(f"{path} can't be written: {_reason(error)}") from error

    def shelf(self, name: str) -> BundleFile:
        """Return where the chunks of a bundle are kept.

        Raises
        ------
        StorageError
            If the folder can't be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self._folder} can't be made: {_reason(error)}") from error
        return BundleFile(self._folder / name)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


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
        raise StorageError(f"{folder} can't be made: {_reason(error)}") from error
    return Storage(folder / f"{name}.sqlite", name, config)


def open_secrets(folder: Path, name: str, trust: Trust) -> Secrets:
    """Return what a simulated robot with a process of its own knows; epoch and marks are files in a folder.

    Raises
    ------
    KeyFault
        If they can't be read or written.
    """
    key_files.begin_epochs(folder, name)
    epoch = key_files.next_epoch(folder, name)
    return simulated_secrets(trust, name, epoch, key_files.MarkFile(folder / (name + key_files.MARKS)))
