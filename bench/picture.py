"""The picture of the README: paths of the rendezvous world, seed 0, in PyBullet. Writes docs/images/rendezvous.png."""

from __future__ import annotations

import tempfile
from pathlib import Path

from matplotlib.figure import Figure

from swarm_consensus.run import plots
from swarm_consensus.run.options import Options
from swarm_consensus.run.run import run
from swarm_consensus.run.series import load_series
from swarm_consensus.run.worlds import load

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "rendezvous.png"


def main() -> None:
    """Run the world and draw it."""
    with tempfile.TemporaryDirectory() as folder:
        result = run(Options(world="rendezvous", physics="pybullet", out=Path(folder) / "run"))
        figure = Figure(figsize=(8.0, 5.2), dpi=110, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        plots.ground_plan(load(result.folder / "world.yaml"), load_series(result.folder))(axes)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(TARGET)
    print(f"{TARGET}: every expectation held: {result.verdict.held}")


if __name__ == "__main__":
    main()
