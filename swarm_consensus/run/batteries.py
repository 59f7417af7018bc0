"""What became of the batteries, as the world knows them: how low they came, and whose ran dry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.run.agreement import Finding
from swarm_consensus.run.plots import PALETTE, Series
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Scenario


class BatteryJudge:
    """Watches the batteries of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with batteries.
    robots
        The roster.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        self._expect = scenario.expect
        self._names = tuple(robot.name for robot in robots)
        self.charge: list[Array] = []  # (n,) share of the capacity, tick by tick
        self.dry: dict[str, float] = {}  # who ran dry, and when, s
        self.lowest = np.ones(len(robots))  # (n,) share

    def look(self, record: TickRecord) -> list[str]:
        """Take one tick; return what a reader should know of it."""
        if record.charge is None:
            return []
        self.charge.append(record.charge)
        self.lowest = np.minimum(self.lowest, record.charge)
        found = [name for name, left in zip(self._names, record.charge, strict=True) if left <= 0.0]
        new = [name for name in found if name not in self.dry]
        self.dry |= dict.fromkeys(new, record.time)
        return [f"the battery of {name} is empty" for name in new]

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of batteries."""
        most = self._expect.run_dry
        if most is not None:
            low = int(self.lowest.argmin())
            first = "; ".join(f"{name} at {time:.2f} s" for name, time in self.dry.items())
            where = first or f"lowest charge {self.lowest[low]:.1%}, {self._names[low]}"
            yield Finding("run_dry", f"at most {most}", str(len(self.dry)), len(self.dry) <= most, where)

    def metrics(self) -> dict[str, Any]:
        """Return the numbers of the batteries."""
        return {
            "lowest_charge": dict(zip(self._names, np.round(self.lowest, 4).tolist(), strict=True)),
            "run_dry": len(self.dry),
        }

    def series(self) -> dict[str, NDArray[Any]]:
        """Array for ``series.npz``: charge (t, n), a share of the capacity."""
        return {"charge": np.array(self.charge).reshape(-1, len(self._names))}


def pictures(series: Series) -> Iterator[tuple[str, Callable[[Axes], None]]]:
    """Yield caption and drawing of the charge, if there are batteries."""
    if "charge" not in series:
        return

    def draw(axes: Axes) -> None:
        names = series["names"]
        for index, name in enumerate(names):
            colour, style = PALETTE[index % len(PALETTE)], "-" if index < len(PALETTE) else "--"
            charge = 100.0 * series["charge"][:, index]
            axes.plot(series["time"], charge, style, color=colour, linewidth=1.0, label=str(name))
        if len(names) <= 12:
            axes.legend(fontsize=7, ncols=3, frameon=False)
        axes.set(xlabel="time, s", ylabel="charge, %")
        axes.set_ylim(bottom=0.0)

    yield "Charge of the batteries", draw
