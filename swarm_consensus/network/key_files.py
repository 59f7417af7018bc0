"""Files of keys, of the epoch and of replay marks: small texts with a checksum, written whole or not at all.

A private key is a regular file of its owner that nobody else may read (0600); anything else is refused before it is
read. The checks are made on the open file, so that it can't be swapped between looking and reading.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from swarm_consensus.network.keys import SEED, KeyFault, PrivateKey, PublicKey
from swarm_consensus.network.replay import Mark
from swarm_consensus.network.seal import LARGEST_EPOCH, Identity

PRIVATE, PUBLIC, GROUP, EPOCH, MARKS = ".key", ".pub", ".group", ".epoch", ".marks"
LARGEST = 1_000_000  # bytes; 10,000 marks
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `swarm keys list`."""

    name: str
    identity: Identity
    has_private: bool


def new_key(folder: Path, name: str, expires: int = 0) -> PublicKey:
    """Make a key: `name.key` (0600), `name.pub` and `name.epoch`.

    Parameters
    ----------
    folder
        Made (0700) if it does not exist.
    name
        Of a robot or an operator.
    expires
        s since 1970, from which on others refuse it; 0: never.

    Raises
    ------
    KeyFault
        If there is one of this name: a key is never written over.
    """
    _checked(name)
    _make(folder)
    seed = os.urandom(SEED)
    public = PrivateKey(seed).public
    _create(folder / (name + PRIVATE), "private key", {"name": name, "seed": seed.hex()}, 0o600)
    _create(folder / (name + EPOCH), "epoch", {"name": name, "epoch": "0"}, 0o600)
    fields = {"name": name, "key": public.raw.hex(), "expires": str(expires)}
    _create(folder / (name + PUBLIC), "public key", fields, 0o644)
    return public


def new_group(folder: Path, name: str) -> None:
    """Make a key that a whole group shares: `name.group` (0600).

    Raises
    ------
    KeyFault
        If there is one of this name.
    """
    _checked(name)
    _make(folder)
    _create(folder / (name + GROUP), "group key", {"name": name, "secret": os.urandom(SEED).hex()}, 0o600)


def private_key(folder: Path, name: str) -> PrivateKey:
    """Read a private key.

    Raises
    ------
    KeyFault
        If the file is missing, damaged, not a regular one, of another owner, or if others may read it.
    """
    path = folder / (_checked(name) + PRIVATE)
    fields = _read(path, "private key", secret=True)
    return PrivateKey(_hex(path, fields, "seed", SEED))


def group_secret(folder: Path, name: str) -> bytes:
    """Read a group's key, with the same checks as a private one."""
    path = folder / (_checked(name) + GROUP)
    return _hex(path, _read(path, "group key", secret=True), "secret", SEED)


def identity(folder: Path, name: str) -> Identity:
    """Read a public key.

    Raises
    ------
    KeyFault
        If the file is missing or damaged.
    """
    path = folder / (_checked(name) + PUBLIC)
    fields = _read(path, "public key", secret=False)
    return Identity(PublicKey(_hex(path, fields, "key", SEED)), _whole(path, fields, "expires"))


def listed(folder: Path) -> list[Listed]:
    """Return the keys in a folder, by name."""
    names = sorted(path.name.removesuffix(PUBLIC) for path in folder.glob("*" + PUBLIC))
    return [Listed(name, identity(folder, name), (folder / (name + PRIVATE)).exists()) for name in names]


def begin_epochs(folder: Path, name: str) -> None:
    """Make `name.epoch` if it does not exist, for a robot whose key is not a file."""
    _checked(name)
    _make(folder)
    if not (folder / (name + EPOCH)).exists():
        _create(folder / (name + EPOCH), "epoch", {"name": name, "epoch": "0"}, 0o600)


def next_epoch(folder: Path, name: str) -> int:
    """Return the epoch of this start, stored before it is returned.

    Raises
    ------
    KeyFault
        If the file is missing: the robot must not begin again at an epoch that it used before; it needs a new key.
    """
    path = folder / (_checked(name) + EPOCH)
    if not path.exists():
        raise KeyFault(f"{path}: is missing; epochs of this key can't be told any more, so make a new key")
    epoch = _whole(path, _read(path, "epoch", secret=False), "epoch") + 1
    if epoch > LARGEST_EPOCH:
        raise KeyFault(f"{path}: no epoch is left after {epoch - 1}; make a new key")
    _replace(path, _text("epoch", {"name": name, "epoch": str(epoch)}))
    return epoch


class MarkFile:
    """Where a receiver keeps its replay marks.

    Parameters
    ----------
    path
        Of the file; a missing one is a receiver that has heard nobody yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[bytes, Mark]:
        """Return what was stored last; KeyFault if it is not what was written."""
        if not self._path.exists():
            return {}
        fields = _read(self._path, "replay marks", secret=False)
        try:
            marks = {bytes.fromhex(who): tuple(map(int, mark.split())) for who, mark in fields.items()}
        except ValueError:
            raise KeyFault(f"{self._path}: holds something else than marks") from None
        return {who: (mark[0], mark[1]) for who, mark in marks.items()}

    def save(self, marks: Mapping[bytes, Mark]) -> None:
        """Store all marks or none."""
        fields = {who.hex(): f"{epoch} {counter}" for who, (epoch, counter) in sorted(marks.items())}
        _replace(self._path, _text("replay marks", fields))


def leaks(folder: Path, secrets: Iterable[bytes]) -> list[str]:
    """Return the files below a folder in which a secret stands, as bytes or in hexadecimal: a run folder has none."""
    forms = [form for secret in secrets for form in (secret, secret.hex().encode(), secret.hex().upper().encode())]
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        if any(form in data for form in forms):
            found.append(str(path))
    return found


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise KeyFault(f"name '{name}' must be letters, digits and '_', at most 64, and begin with a letter")
    return name


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyFault(f"{folder}: can't be made: {error.strerror}") from None


def _text(what: str, fields: Mapping[str, str]) -> bytes:
    body = f"swarm {what} 1\n" + "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"{body}check: {_sum(body)}\n".encode()


def _sum(body: str) -> str:
    return blake2b(body.encode(), digest_size=16).hexdigest()


def _create(path: Path, what: str, fields: Mapping[str, str], mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise KeyFault(f"{path}: exists; a key is never written over") from None
    except OSError as error:
        raise KeyFault(f"{path}: can't be made: {error.strerror}") from None
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask is
        file.write(_text(what, fields))
        file.flush()
        os.fsync(file.fileno())
    _settle(path.parent)


def _replace(path: Path, data: bytes) -> None:
    """Write a file anew: after a crash there is the old one or the new one."""
    new = path.with_name(path.name + ".new")
    try:
        with new.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _settle(path.parent)
    except OSError as error:
        raise KeyFault(f"{path}: can't be written: {error.strerror}") from None


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path, what: str, secret: bool) -> dict[str, str]:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if secret else 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise KeyFault(f"{path}: does not exist; 'swarm keys new' makes keys") from None
    except OSError as error:
        reason = "is a link, must be the file itself" if path.is_symlink() else f"can't be read: {error.strerror}"
        raise KeyFault(f"{path}: {reason}") from None
    try:
        _inspect(path, os.fstat(handle), secret)
        return _fields(path, os.read(handle, LARGEST + 1), what)
    finally:
        os.close(handle)


def _inspect(path: Path, status: os.stat_result, secret: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFault(f"{path}: is no regular file")
    if status.st_size > LARGEST:
        raise KeyFault(f"{path}: has {status.st_size} bytes, must be at most {LARGEST}")
    if secret and status.st_uid != os.geteuid():
        raise KeyFault(f"{path}: belongs to user {status.st_uid}, must belong to user {os.geteuid()}, who reads it")
    mode = stat.S_IMODE(status.st_mode)
    if secret and mode & 0o077:
        raise KeyFault(f"{path}: has permissions {mode:04o}, others may use it; must be 0600 ('chmod 600 {path}')")


def _fields(path: Path, data: bytes, what: str) -> dict[str, str]:
    text = data.decode("ascii", errors="replace")
    body, mark, check = text.rpartition("check: ")
    first = f"swarm {what} 1\n"
    if not first.startswith(text[: len(first)]):
        raise KeyFault(f"{path}: is no {what} of version 1")
    if not mark or not check.endswith("\n"):
        raise KeyFault(f"{path}: is cut off after {len(data)} bytes")
    if check != _sum(body) + "\n":
        raise KeyFault(f"{path}: is damaged, its checksum does not fit")
    lines = (line.partition(": ") for line in body.removeprefix(first).splitlines())
    return {name: value for name, _, value in lines}


def _hex(path: Path, fields: Mapping[str, str], name: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(fields.get(name, ""))
    except ValueError:
        value = b""
    if len(value) != size:
        raise KeyFault(f"{path}: {name} must be {size} bytes in hexadecimal")
    return value


def _whole(path: Path, fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "")
    if not text.isdecimal():
        raise KeyFault(f"{path}: {name} is '{text}', must be a whole number")
    return int(text)
