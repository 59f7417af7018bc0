"""What fuzzing kept, and valid inputs: each is answered with a value or the reader's own error. See `bench/fuzz.py`."""

from __future__ import annotations

import fuzz_targets
import pytest


@pytest.mark.parametrize("name", fuzz_targets.TARGETS)
def test_nothing_that_was_kept_breaks_a_reader(name: str) -> None:
    kept = sorted((fuzz_targets.CORPUS / name).iterdir())
    assert len(kept) > 5
    for path in kept:
        fuzz_targets.TARGETS[name](path.read_bytes())


@pytest.mark.parametrize("name", fuzz_targets.TARGETS)
def test_fuzzing_begins_from_valid_inputs(name: str) -> None:
    seeds = fuzz_targets.seeds(name)
    assert seeds
    for seed in seeds:
        fuzz_targets.TARGETS[name](seed)
