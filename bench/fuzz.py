"""Fuzzing whatever reads bytes from the radio or the disk, with atheris: `fuzz.py [SECONDS [TARGET]]`.

Each target of `fuzz_targets` takes any bytes and must answer with a value or its own error. Inputs that reach something
new are kept in test/data/fuzz, which the tests replay. Without atheris (`pip install atheris`) nothing is run.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys

SECONDS = 20  # for each target, unless another number is given
NAMES = ("frame", "sealed", "bundle", "request", "vote", "letter", "note")
PARTS = ["swarm_consensus.network", "swarm_consensus.agreement", "swarm_consensus.robot"]


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one target; it ends this process."""
    import atheris  # noqa: PLC0415

    with atheris.instrument_imports(include=PARTS):
        import fuzz_targets  # noqa: PLC0415 - what is imported here is watched
    folder = fuzz_targets.CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(fuzz_targets.seeds(name)):
        (folder / f"valid-{number}").write_bytes(seed)
    options = (f"-max_total_time={seconds}", "-max_len=1500", "-print_final_stats=1")
    atheris.Setup([sys.argv[0], *options, str(folder)], fuzz_targets.TARGETS[name])
    atheris.Fuzz()


def main() -> None:
    """Fuzz each target in its own process; exit status 1 at the first failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=int, default=SECONDS, help=f"for each target ({SECONDS})")
    parser.add_argument("target", nargs="?", choices=NAMES, help="which (all)")
    chosen = parser.parse_args()
    seconds = chosen.seconds
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: nothing is fuzzed")
        return
    if chosen.target:
        fuzz(chosen.target, seconds)
    for name in NAMES:
        command = [sys.executable, __file__, str(seconds), name]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        runs = [line.split()[-1] for line in result.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {runs[0] if runs else 'no'} inputs in {seconds} s, exit status {result.returncode}", flush=True)
        if result.returncode:
            print(result.stderr[-3000:])
            sys.exit(1)


if __name__ == "__main__":
    main()
