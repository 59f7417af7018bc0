"""A disk that forgets nothing it was told to keep: SQLite with a write-ahead log and a sync at each write.

One transaction takes everything of a `Ready`. Each row carries a checksum over itself and over the row before, and
one row, the *head*, carries term, vote and the checksums of the last entry, of the snapshot and of itself. So a file
in which anything was altered, left out or swapped is refused when it is loaded, never half-read.

Two things can't be found out from inside the file: that it is a whole older copy of itself (never restore one from a
backup: the robot would vote twice), and that the write-ahead log beside it was damaged or removed, which SQLite takes
for writes that were never finished. Close it properly before moving it; after that there is only one file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import msgspec

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.raft.messages import Config, Entry, Ready, Saved, Snapshot, Vote

FORMAT = 1
_TABLES = """
CREATE TABLE about (format INTEGER NOT NULL, owner TEXT NOT NULL);
CREATE TABLE head (data BLOB NOT NULL, sum BLOB NOT NULL);
CREATE TABLE snapshot (data BLOB NOT NULL);
CREATE TABLE log (place INTEGER PRIMARY KEY, data BLOB NOT NULL, sum BLOB NOT NULL);
CREATE TABLE journal (place INTEGER PRIMARY KEY, data BLOB NOT NULL, sum BLOB NOT NULL);
"""


class _Head(msgspec.Struct, array_like=True, frozen=True):
    """What vouches for all other rows."""

    vote: Vote
    snapshot_sum: bytes
    base_sum: bytes  # of the last entry that the snapshot swallowed
    last_sum: bytes
    last: int
    journal_sum: bytes = b""
    journal_size: int = 0


_encoder = msgspec.msgpack.Encoder()
_head_decoder = msgspec.msgpack.Decoder(_Head)
_snapshot_decoder = msgspec.msgpack.Decoder(Snapshot)
_entry_decoder = msgspec.msgpack.Decoder(Entry)


def _sum(*parts: bytes) -> bytes:
    return blake2b(b"".join(parts), digest_size=16).digest()


def _chained(before: bytes, place: int, data: bytes) -> bytes:
    return _sum(before, place.to_bytes(8, "big"), data)


class Storage:
    """The file of one robot.

    Parameters
    ----------
    path
        Of the file; made if it does not exist.
    owner
        Name of the robot.
    config
        Members at the beginning of the log; read only when the file is made.

    Raises
    ------
    StorageError
        If the file belongs to another robot, has a newer format, is in use, is damaged, or can't be made.
    """

    def __init__(self, path: Path, owner: str, config: Config) -> None:
        self._path = path
        with self._explained():
            self._base = sqlite3.connect(path, isolation_level=None, timeout=0.0)
            try:
                self._open(owner, config)
            except BaseException:
                self._base.close()  # a file that was refused is free for others
                raise

    def _open(self, owner: str, config: Config) -> None:
        self._base.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        with self._transaction():
            if not self._base.execute("SELECT name FROM sqlite_master").fetchone():
                self._make(owner, config)
        with self._read_as_written():
            self._check_owner(owner)
            self._head, self._sums = self._read_head(), [b""]
            self._saved = self._read()

    def load(self) -> Saved:
        """Return what the file held when it was opened."""
        return self._saved

    def save(self, ready: Ready) -> None:
        """Store vote, snapshot and entries, all or nothing, and sync.

        Raises
        ------
        StorageError
            If the disk refuses. The file is as it was before.
        """
        if ready.vote is None and ready.snapshot is None and not ready.entries:
            return
        with self._explained():
            with self._transaction():
                head, sums, base = self._store(ready)
                self._write_head(head)
            self._head, self._sums, self._first = head, sums, base

    def append_journal(self, lines: Sequence[bytes]) -> None:
        """Add lines to the journal, all or none, and sync.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        with self._explained():
            with self._transaction():
                total = self._head.journal_sum
                for place, line in enumerate(lines, self._head.journal_size):
                    total = _chained(total, place, line)
                    self._base.execute("INSERT INTO journal VALUES (?, ?, ?)", (place, line, total))
                size = self._head.journal_size + len(lines)
                head = msgspec.structs.replace(self._head, journal_sum=total, journal_size=size)
                self._write_head(head)
            self._head = head

    def journal(self) -> list[bytes]:
        """Return the lines of the journal.

        Raises
        ------
        StorageError
            If a line is not what was written; the first is named.
        """
        with self._explained(), self._read_as_written():
            rows = self._base.execute("SELECT place, data, sum FROM journal ORDER BY place").fetchall()
            total = b""
            for wanted, (place, data, found) in enumerate(rows):
                total = _chained(total, wanted, data)
                if place != wanted or found != total:
                    raise self._damaged(f"line {wanted} of the journal")
        if (len(rows), total) != (self._head.journal_size, self._head.journal_sum):
            raise self._damaged("the end of the journal")
        return [data for _, data, _ in rows]

    def close(self) -> None:
        """Write everything into the one file, and let go of it."""
        self._base.close()

    # writing

    def _make(self, owner: str, config: Config) -> None:
        for statement in _TABLES.strip().split(";\n"):
            self._base.execute(statement)
        self._base.execute("INSERT INTO about VALUES (?, ?)", (FORMAT, owner))
        snapshot = _encoder.encode(Snapshot(0, 0, config))
        self._base.execute("INSERT INTO snapshot VALUES (?)", (snapshot,))
        self._write_head(_Head(Vote(0), _sum(snapshot), b"", b"", 0))

    def _write_head(self, head: _Head) -> None:
        data = _encoder.encode(head)
        self._base.execute("DELETE FROM head")
        self._base.execute("INSERT INTO head VALUES (?, ?)", (data, _sum(data)))

    def _store(self, ready: Ready) -> tuple[_Head, list[bytes], int]:
        """Write all rows but the head; return it, the sums from the snapshot on, and the snapshot's index."""
        head, sums, first = self._head, list(self._sums), self._first
        snapshot_sum = head.snapshot_sum
        if ready.snapshot:
            data = _encoder.encode(ready.snapshot)
            snapshot_sum = _sum(data)
            self._base.execute("UPDATE snapshot SET data = ?", (data,))
            if ready.restore:
                self._base.execute("DELETE FROM log")
                sums = [snapshot_sum]
            else:
                self._base.execute("DELETE FROM log WHERE place <= ?", (ready.snapshot.index,))
                sums = sums[ready.snapshot.index - first :]
            first = ready.snapshot.index
        if ready.entries:
            self._base.execute("DELETE FROM log WHERE place >= ?", (ready.first,))
            del sums[ready.first - first :]
            for place, entry in enumerate(ready.entries, ready.first):
                data = _encoder.encode(entry)
                sums.append(_chained(sums[-1], place, data))
                self._base.execute("INSERT INTO log VALUES (?, ?, ?)", (place, data, sums[-1]))
        head = _Head(
            ready.vote or head.vote,
            snapshot_sum,
            sums[0],
            sums[-1],
            first + len(sums) - 1,
            head.journal_sum,
            head.journal_size,
        )
        return head, sums, first

    # reading

    def _check_owner(self, owner: str) -> None:
        try:
            version, found = self._base.execute("SELECT format, owner FROM about").fetchone()
        except (sqlite3.OperationalError, TypeError):
            raise StorageError(f"{self._path} is no storage of a robot's log; name another file") from None
        if version > FORMAT:
            raise StorageError(f"{self._path} has format {version}, this version reads up to {FORMAT}; update it")
        if found != owner:
            raise StorageError(f"{self._path} belongs to robot '{found}', not to '{owner}'; two logs must not mix")

    def _read_head(self) -> _Head:
        data, found = self._base.execute("SELECT data, sum FROM head").fetchone() or (b"", b"")
        if _sum(data) != found:
            raise self._damaged("the vote")
        return _head_decoder.decode(data)

    def _read(self) -> Saved:
        """Read snapshot and entries, and compare every checksum."""
        head = self._head
        (data,) = self._base.execute("SELECT data FROM snapshot").fetchone() or (b"",)
        if _sum(data) != head.snapshot_sum:
            raise self._damaged("the snapshot")
        snapshot = _snapshot_decoder.decode(data)
        self._first = snapshot.index
        self._sums = [head.base_sum]
        entries = []
        rows = self._base.execute("SELECT place, data, sum FROM log ORDER BY place").fetchall()
        for wanted, (place, row, found) in enumerate(rows, snapshot.index + 1):
            self._sums.append(_chained(self._sums[-1], wanted, row))
            if place != wanted or found != self._sums[-1]:
                raise self._damaged(f"entry {wanted}")
            entries.append(_entry_decoder.decode(row))
        if (snapshot.index + len(entries), self._sums[-1]) != (head.last, head.last_sum):
            raise self._damaged("the end of the log")
        return Saved(head.vote, snapshot, tuple(entries))

    # errors

    def _damaged(self, what: str) -> StorageError:
        return StorageError(
            f"{self._path}: {what} is not what was written. A member must not go on with half a memory: "
            "remove it from the voters, delete the file, and add it again as a learner"
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:  # also an interrupt must not leave half a transaction open; it goes on its way
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into sentences."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                text = (
                    f"the disk of {self._path} is full; nothing that was acknowledged is lost. Free space, start again"
                )
            elif "locked" in str(error):
                text = f"{self._path} is in use by another process; a robot must run once only"
            else:
                text = f"{self._path} can't be used: {error}"
            raise StorageError(text) from error
        except sqlite3.DatabaseError as error:
            raise StorageError(f"{self._path} is damaged or no storage of ours: {error}") from error

    @contextmanager
    def _read_as_written(self) -> Iterator[None]:
        """Take a value of another type than was written for damage: SQLite gives what it finds in a torn page."""
        try:
            yield
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise StorageError(f"{self._path} is damaged: {error}") from error
