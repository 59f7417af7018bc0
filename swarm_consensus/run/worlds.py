"""Where scenario files are found, and reading one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from swarm_consensus.errors import InputError, nearest
from swarm_consensus.simulation.loading import parse
from swarm_consensus.simulation.scenario import Scenario


def folders() -> list[Path]:
    """Return the folders that hold worlds: here, the source checkout, and where the package was installed."""
    share = Path("share") / "swarm_consensus" / "worlds"
    checkout = Path(__file__).resolve().parents[2]
    prefixes = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    candidates = [Path("worlds"), *([checkout / "worlds"] if (checkout / "setup.py").exists() else [])]
    candidates += [prefix / share for prefix in [*prefixes, Path(sys.prefix)]]
    return [folder for folder in candidates if folder.is_dir()]


def worlds() -> list[Path]:
    """Return all worlds that can be named without a path, the first of each name, sorted by name."""
    found: dict[str, Path] = {}
    for folder in folders():
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return [found[name] for name in sorted(found)]


def find_world(name: str | Path) -> Path:
    """Return the file of a world, given its path or its name.

    A file comes first, then a name, so that a folder that happens to be called like a world does not hide it.

    Raises
    ------
    InputError
        If there is none, with the nearest spelling.
    """
    path = Path(name)
    if _is_file(path):
        return path
    known = {world.stem: world for world in worlds()}
    if str(name) in known:
        return known[str(name)]
    if path.suffix or path.parent != Path():
        raise InputError([_unreadable(path)])
    raise InputError([f"there is no world {str(name)!r}{nearest(str(name), known)}"])


def load(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises
    ------
    InputError
        If it can't be read, or for everything that is wrong in it.
    """
    path = Path(path)
    if not _is_file(path):
        raise InputError([_unreadable(path)])
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError([f"{path}: not a text file in UTF-8"]) from None
    except OSError as error:
        raise InputError([f"{path}: {(error.strerror or str(error)).lower()}"]) from None
    return parse(text, str(path))


def _is_file(path: Path) -> bool:
    """Tell whether there is something to read, which a pipe is as well; False for a name that no file can have."""
    return os.path.exists(path) and not os.path.isdir(path)


def _unreadable(path: Path) -> str:
    """Say why a path is no file, with the nearest name beside it."""
    if os.path.isdir(path):
        files = sorted(file.name for file in path.glob("*.yaml"))
        return f"{path}: a folder, must be a file{': one of ' + ', '.join(files) if files else ''}"
    if not os.path.isdir(path.parent):
        return f"{path}: there is no folder {path.parent}"
    return f"{path}: no such file{nearest(path.name, sorted(_names(path.parent)))}"


def _names(folder: Path) -> list[str]:
    """Return what lies in a folder, or nothing if it may not be looked into."""
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
