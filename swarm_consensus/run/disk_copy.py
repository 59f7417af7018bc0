"""Reading a robot's file while the robot may be writing it, without its noticing.

The robot holds its file alone, so that it can't run twice; nobody else may open it. So the file and the write-ahead log
beside it are copied, and the copy is read. No lock is taken and nothing is written into the folder. If the robot wrote
in between, the copy may be of two moments; the checksums in it would tell, and another one is taken.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Saved
from swarm_consensus.agreement.storage import Storage

Read = TypeVar("Read")

ATTEMPTS = 50
REFUSALS = 3  # of copies that seem to be of one moment: clocks of file systems are coarse


def read_disk(path: Path, owner: str, copy: Callable[[Path, Path], object] = shutil.copyfile) -> Saved | None:
    """Return the log that a robot's file holds; None if there is none, or nothing was written into it yet.

    Parameters
    ----------
    path
        Of the file.
    owner
        Name of the robot.
    copy
        Copies one file.

    Raises
    ------
    StorageError
        If it is not what the robot wrote, can't be read, or is never at rest.
    """
    return _read(path, owner, Storage.load, copy)


def read_journal(path: Path, owner: str) -> list[bytes] | None:
    """Return the lines of the journal in a robot's file; None if there is none, or nothing was written into it yet.

    Parameters
    ----------
    path
        Of the file.
    owner
        Name of the robot.

    Raises
    ------
    StorageError
        If it is not what the robot wrote, can't be read, or is never at rest.
    """
    return _read(path, owner, Storage.journal, shutil.copyfile)


def _read(path: Path, owner: str, what: Callable[[Storage], Read], copy: Callable[[Path, Path], object]) -> Read | None:
    """Return what is read of a copy of the file that is of one moment."""
    refused = 0
    for _ in range(ATTEMPTS):
        before = _stamps(path)
        if before[0] is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            try:
                mirror = _copied(path, Path(folder), copy)
                if _stamps(path) == before:
                    return _load(mirror, owner, what)
            except FileNotFoundError:
                continue  # closed just now: the write-ahead log is gone into the file
            except OSError as error:
                raise StorageError(f"{path} can't be read: {(error.strerror or str(error)).lower()}") from error
            except StorageError as error:
                refused += _stamps(path) == before
                if refused == REFUSALS:  # who reads it knows the file, and nothing of a copy
                    raise StorageError(str(error).replace(str(mirror), str(path))) from error
    raise StorageError(f"{path} is written to all the time; try again")


def _stamps(path: Path) -> list[tuple[int, int] | None]:
    """Return size and time of the last change of the file and of the write-ahead log."""
    found: list[tuple[int, int] | None] = []
    for each in (path, _wal(path)):
        try:
            status = each.stat()
            found.append((status.st_size, status.st_mtime_ns))
        except (FileNotFoundError, NotADirectoryError):
            found.append(None)
    return found


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _copied(path: Path, folder: Path, copy: Callable[[Path, Path], object]) -> Path:
    mirror = folder / path.name
    copy(path, mirror)
    if _wal(path).exists():
        copy(_wal(path), _wal(mirror))
    return mirror


def _load(mirror: Path, owner: str, what: Callable[[Storage], Read]) -> Read | None:
    if _is_empty(mirror):
        return None
    disk = Storage(mirror, owner, members([0]))  # members of a file that is made anew, which this one is not
    try:
        return what(disk)
    finally:
        disk.close()


def _is_empty(mirror: Path) -> bool:
    base = sqlite3.connect(mirror)
    try:
        return base.execute("SELECT name FROM sqlite_master").fetchone() is None
    except sqlite3.DatabaseError:
        return False  # it is something; what, the storage says
    finally:
        base.close()
