"""Running the benchmarks of a source checkout: each file of ``bench/`` prints a table when it is run."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from swarm_consensus.errors import InputError, nearest

DRAWINGS = {"picture"}  # of a file that is committed: drawn only when asked for by name


def run_benchmarks(names: Sequence[str]) -> int:
    """Run benchmarks one after the other, each in its own process.

    Parameters
    ----------
    names
        Of files in ``bench/``, without the ending; none: all that measure.

    Returns
    -------
    int
        0, or the exit status of the first that failed; those after it are run all the same.

    Raises
    ------
    InputError
        If there is no checkout, or no benchmark of a name.
    """
    folder = Path(__file__).resolve().parents[2] / "bench"
    known = {path.stem: path for path in sorted(folder.glob("*.py")) if _is_benchmark(path)}
    if not known:
        raise InputError(["swarm bench runs the benchmarks of a source checkout, and this is an installed package"])
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"there is no benchmark '{name}'{nearest(name, known)}" for name in unknown)
    statuses, console = [], Console()
    for name in names or (name for name in known if name not in DRAWINGS):
        console.print(f"== {name}: {_purpose(known[name])}", highlight=False, markup=False)
        statuses.append(subprocess.run([sys.executable, str(known[name])], check=False).returncode)
    return next((status for status in statuses if status), 0)


def _purpose(path: Path) -> str:
    """Return the first sentence of what a benchmark says of itself."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _is_benchmark(path: Path) -> bool:
    """Tell benchmarks from what they share: only they have a main()."""
    return "\ndef main() -> None:" in path.read_text(encoding="utf-8")
