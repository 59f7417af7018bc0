"""Running the benchmarks of a source checkout: each file of ``bench/`` prints a table when it is run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from swarm_consensus.errors import InputError, nearest


def run_benchmarks(names: Sequence[str]) -> int:
    """Run benchmarks one after the other, each in its own process.

    Parameters
    ----------
    names
        Of files in ``bench/``, without the ending; none: all of them.

    Returns
    -------
    int
        0, or the exit status of the first that failed.

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
    for name in names or known:
        status = subprocess.run([sys.executable, str(known[name])], check=False).returncode
        if status:
            return status
    return 0


def _is_benchmark(path: Path) -> bool:
    """Tell benchmarks from what they share: only they have a main()."""
    return "\ndef main() -> None:" in path.read_text(encoding="utf-8")
