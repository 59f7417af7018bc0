"""Where scenario files are found, and reading one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
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
        for path in folder.glob("*.yaml"):
            found.setdefault(path.stem, path)
    return [found[name] for name in sorted(found)]


def find_world(name: str | Path) -> Path:
    """Return the file of a world, given its path or its name.

    Raises
    ------
    InputError
        If there is none, with the nearest spelling.
    """
    path = Path(name)
    if path.exists():
        return path
    known = {world.stem: world for world in worlds()}
    if str(name) in known:
        return known[str(name)]
    if path.suffix or path.parent != Path():
        raise InputError([f"{path}: no such file{nearest(path.name, _files(path.parent))}"])
    raise InputError([f"there is no world '{name}'{nearest(str(name), known)}"])


def load(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises
    ------
    InputError
        If it can't be read, or for everything that is wrong in it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError([f"{path}: not a text file"]) from None
    except OSError as error:
        raise InputError([f"{path}: {(error.strerror or str(error)).lower()}"]) from None
    return parse(text, str(path))


def _files(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (entry.name for entry in folder.iterdir())
