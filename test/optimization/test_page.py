"""What docs/optimization.md shows is run, one block after the other, and prints what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "optimization.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PRINTED = [
    "[2.5] [3.]\n",
    "1.5 [-2.5 -0.5  3. ]\n",
    "[3.] [1. 1. 1. 9.]\n[4.] [4. 4. 4. 4.]\n",
    None,  # places, looked at below
    "[[ 1. -2.]\n [ 1. -2.]\n [ 1. -2.]\n [ 1. -2.]]\n",
    "[0.794, 0.292, 0.347, 0.5] [0.509] [0.2   0.101 0.075 0.   ]\n",
    "[8.0, 0.0, 1.0]\n",
]


def test_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(BLOCKS) == len(PRINTED)
    names: dict[str, object] = {}
    for block, wanted in zip(BLOCKS, PRINTED, strict=True):
        exec(compile(block, "docs/optimization.md", "exec"), names)
        said = capsys.readouterr().out
        if wanted is not None:
            assert said == wanted
            for line in wanted.splitlines():
                assert f"`{line}`" in PAGE or line.strip(" []") in PAGE
    places = np.array(eval(said_places(names)))
    assert (places == places[0]).all()
    assert np.linalg.norm(places[0] - [1.2, -0.7]) < 0.2


def said_places(names: dict[str, object]) -> str:
    return repr([names["basis"].peak(node.point).round(1).tolist() for node in names["nodes"].values()])  # type: ignore[attr-defined]


@pytest.mark.parametrize("block", BLOCKS)
def test_each_is_about_ten_lines(block: str) -> None:
    assert len([line for line in block.splitlines() if line.strip() and "import" not in line]) <= 10
