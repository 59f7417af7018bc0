"""What `swarm keys` does: keys made, shown and listed. Private halves are never printed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from swarm_consensus.errors import InputError, nearest
from swarm_consensus.network import key_files
from swarm_consensus.network.seal import Identity


def folder(given: str | None) -> Path:
    """Return where keys are: as given, else `$SWARM_KEYS`, else `~/.swarm/keys`."""
    return Path(given or os.environ.get("SWARM_KEYS") or Path.home() / ".swarm" / "keys")


def new_keys(where: Path, names: Sequence[str], expires: int) -> str:
    """Make a key for each name; return what to tell.

    Raises
    ------
    InputError
        If one exists already, or two names are the same; then none is made.
    KeyFault
        If a name or the folder can't be used.
    """
    _free(where, names, key_files.PRIVATE)
    lines = []
    for name in names:
        public = key_files.new_key(where, name, expires)
        lines.append(f"{name}: {public.fingerprint}, private half in {where / (name + key_files.PRIVATE)}")
    return _text(lines)


def new_groups(where: Path, names: Sequence[str], expires: int) -> str:
    """Make a shared key for each name; return what to tell.

    Raises
    ------
    InputError
        If one exists already, or it should expire, which a shared key can't.
    """
    if expires:
        raise InputError(["--expires does not go with --group: a key that all share ends when a new one is handed out"])
    _free(where, names, key_files.GROUP)
    for name in names:
        key_files.new_group(where, name)
    return _text([f"{name}: in {where / (name + key_files.GROUP)}; who has it can speak for anybody" for name in names])


def show(where: Path, names: Sequence[str]) -> str:
    """Return the public halves of keys.

    Raises
    ------
    InputError
        If there is no key of a name.
    """
    known = [each.name for each in key_files.listed(where)]
    missing = [f"there is no key '{name}' in {where}{nearest(name, known)}" for name in names if name not in known]
    if missing:
        raise InputError(missing)
    lines = []
    for name in names:
        identity = key_files.identity(where, name)
        lines.append(f"{name}: {identity.key.fingerprint}, {identity.key.raw.hex()}, {_until(identity)}")
    return _text(lines)


def show_all(where: Path) -> str:
    """Return a line for each key of a folder."""
    keys = key_files.listed(where)
    if not keys:
        return f"no keys in {where}; 'swarm keys new NAME' makes one\n"
    return _text(
        [
            f"{each.name:20} {each.identity.key.fingerprint}  {_until(each.identity):20} "
            f"{'private half here' if each.has_private else 'public half only'}"
            for each in keys
        ]
    )


def _free(where: Path, names: Sequence[str], ending: str) -> None:
    problems = [f"{where / (name + ending)}: exists; a key is never written over" for name in names
                if (where / (name + ending)).exists()]  # fmt: skip
    problems += [f"'{name}' is given twice" for name in sorted(set(names)) if names.count(name) > 1]
    if problems:
        raise InputError(problems)


def _until(identity: Identity) -> str:
    if not identity.expires:
        return "never expires"
    return f"until {datetime.fromtimestamp(identity.expires, timezone.utc):%Y-%m-%d}"


def _text(lines: Sequence[str]) -> str:
    return "".join(line + "\n" for line in lines)
