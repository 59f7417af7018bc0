"""What became of the choices: how far each robot's is from the central optimum, and what was done with it.

The optimum is computed here by other means than on robots, from everyone's interest, or from everyone's measurements
put together; robots' choices are those that they tell in their own frames; speeds and fields are the true ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from swarm_consensus.arrays import Array, length
from swarm_consensus.optimization.cruise import Cruise
from swarm_consensus.robot.choices import Chart, Surveyor
from swarm_consensus.robot.power import Power
from swarm_consensus.run.agreement import Finding
from swarm_consensus.simulation.choices import choices_of, cruise_of, interest_of
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.quantities import strength
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Choice, Scenario

_ROUND_OFF = 1e-12  # relative, of a sum at its limit
SAMPLES = 24  # of a map along its longer side


@dataclass(slots=True)
class Track:
    """One choice, tick by tick."""

    name: str
    value: list[Array] = field(default_factory=list)  # (n, k) what robots hold, NaN for the dead
    best: list[Array] = field(default_factory=list)  # (k,) central optimum of the living
    error: list[float] = field(default_factory=list)  # largest distance of a living robot's choice from that


class PolicyJudge:
    """A common speed: its optimum by a search on the sum, or on the largest regret, of all costs.

    Parameters
    ----------
    choice
        Which.
    robots
        The roster.
    """

    def __init__(self, choice: Choice, robots: Sequence[PlacedRobot]) -> None:
        self.choice = choice
        self.cruises: list[Cruise] = [cruise_of(choice, robot.name, robot.speed) for robot in robots]
        self._weights = [interest_of(choice, robot.name).weight for robot in robots]
        self._best: dict[bytes, float] = {}  # by who lives
        self.track = Track(choice.name)

    def best(self, alive: NDArray[np.bool_]) -> float:
        """Return the best speed for the living, m/s."""
        key = alive.tobytes()
        if key not in self._best:
            self._best[key] = self._search(np.flatnonzero(alive).tolist())
        return self._best[key]

    def _search(self, living: Sequence[int]) -> float:
        if not living:
            return np.nan
        low = max(self.cruises[i].low for i in living)
        high = min(self.cruises[i].high for i in living)

        def cost(speed: float) -> float:
            losses = [self._weights[i] * self.loss(i, speed) for i in living]
            return max(losses) if self.choice.fairness == "max-min" else sum(losses)

        found = minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
        return min((low, float(found.x), high), key=cost)

    def loss(self, robot: int, speed: float) -> float:
        """Return what agreeing costs a robot: its cost at a speed less that at its own best."""
        cruise = self.cruises[robot]
        price, energy = cruise.hurry, cruise.energy
        return price / speed + energy * speed**2 - price / cruise.best - energy * cruise.best**2

    def look(self, record: TickRecord, told: Sequence[tuple[float, ...]]) -> None:
        """Take one tick."""
        value = np.array([each[0] if each else np.nan for each in told])
        best = self.best(record.alive)
        self.track.value.append(value[:, None])
        self.track.best.append(np.array([best]))
        self.track.error.append(float(np.max(abs(value - best)[record.alive], initial=0.0)))

    def series(self) -> dict[str, Array]:
        """Return what the report draws beside the track: what each would choose alone, and loses by agreeing."""
        last = self.track.best[-1][0] if self.track.best else np.nan
        count = len(self.cruises)
        return {
            f"alone_{self.choice.name}": np.array([cruise.best for cruise in self.cruises]),
            f"loss_{self.choice.name}": np.array([self.loss(i, last) for i in range(count)]),
        }


class MapJudge:
    """A field: its optimum by least squares on the measurements of all living robots, taken anew from what they read.

    Parameters
    ----------
    choice
        Which.
    orders
        What robots are told of it.
    bounds
        West, south, east and north of the fence, m.
    count
        Robots.
    """

    def __init__(self, choice: Choice, orders: Chart, bounds: Array, count: int) -> None:
        self.choice = choice
        self._orders = orders
        self._surveyors: list[Surveyor | None] = [None] * count
        sides = bounds[2:] - bounds[:2]
        numbers = np.maximum(np.round(SAMPLES * sides / sides.max()), 2).astype(int)
        lines = [np.linspace(bounds[k], bounds[k + 2], numbers[k]) for k in (0, 1)]
        self.places = np.stack(np.meshgrid(*lines, indexing="xy"), axis=-1)  # (ny, nx, 2) m
        flat = self.places.reshape(-1, 2)
        self._features = orders.basis.features(flat)
        assert choice.field is not None
        self.true = strength(choice.field, np.c_[flat, np.zeros(len(flat))])
        self._central = np.zeros(orders.basis.size)
        self._last: Array = np.zeros((count, len(self._central)))
        self.track = Track(choice.name)

    def look(self, record: TickRecord, told: Sequence[tuple[float, ...]]) -> None:
        """Take one tick."""
        if self._measure(record):
            self._central = self._solve()
        size = len(self._central)
        value = np.array([each if len(each) == size else (np.nan,) * size for each in told])
        off = self._features @ (value - self._central).T
        self._last = value
        peaks = [self.places.reshape(-1, 2)[(self._features @ row).argmax()] for row in value]
        self.track.value.append(np.array(peaks))
        self.track.best.append(self.places.reshape(-1, 2)[(self._features @ self._central).argmax()])
        self.track.error.append(float(np.max(abs(off[:, record.alive]), initial=0.0)))

    def _measure(self, record: TickRecord) -> bool:
        """Measure as the robots do; tell whether any has, or died."""
        new = False
        for i, alive in enumerate(record.alive):
            if not alive:
                new |= self._surveyors[i] is not None
                self._surveyors[i] = None
                continue
            surveyor = self._surveyors[i]
            if surveyor is None:
                surveyor = self._surveyors[i] = Surveyor(self._orders)
            new |= surveyor.look(record.odometry[i], record.readings[i])
        return new

    def _solve(self) -> Array:
        terms = [each.survey.term() for each in self._surveyors if each is not None]
        if not terms:
            return self._central
        matrix, vector = sum(term.hessian for term in terms), sum(term.linear for term in terms)
        return np.asarray(np.linalg.solve(matrix, -vector))

    def error_to_truth(self, alive: NDArray[np.bool_]) -> float:
        """Return the largest root mean square error of a living robot's map against the true field."""
        off = self._features @ self._last[alive].T - self.true[:, None]
        return float(np.sqrt((off * off).mean(axis=0)).max()) if alive.any() else np.nan

    def series(self) -> dict[str, Array]:
        """Return what the report draws beside the track: the true field, and the map at the end, with their places."""
        known = np.isfinite(self._last).all(axis=1)
        drawn = self._features @ self._last[known].mean(axis=0) if known.any() else self.true * np.nan
        shape = self.places.shape[:2]
        return {
            f"places_{self.choice.name}": self.places,
            f"true_{self.choice.name}": self.true.reshape(shape),
            f"map_{self.choice.name}": drawn.reshape(shape),
        }


class PowerJudge:
    """Power from one charger: its optimum by the price at which all that want it draw the limit.

    Parameters
    ----------
    choice
        Which.
    orders
        What each robot is told of it.
    """

    def __init__(self, choice: Choice, orders: Sequence[Power]) -> None:
        self.choice = choice
        self._orders = tuple(orders)
        self.track = Track(choice.name)
        self.total: list[float] = []  # W
        self.over: tuple[float, float] | None = None  # when the limit was first exceeded, s, and the most, W

    def look(self, record: TickRecord, told: Sequence[tuple[float, ...]]) -> None:
        """Take one tick; what is given stays the same for all its physics steps."""
        assert record.given is not None, "a world with a charger gives power"
        total, limit = float(record.given.sum()), self.choice.limit_w or 0.0
        self.total.append(total)
        if total > limit * (1.0 + _ROUND_OFF):
            self.over = (record.time, total) if self.over is None else (self.over[0], max(self.over[1], total))
        best = self._best(record)
        self.track.value.append(np.where(record.alive, record.given, np.nan))
        self.track.best.append(best)
        self.track.error.append(float(np.max(abs(record.given - best)[record.alive], initial=0.0)))

    def _best(self, record: TickRecord) -> Array:
        """Return the best draws, (n,) W: what the dead own is nobody's."""
        charge = np.ones(len(self._orders)) if record.charge is None else record.charge
        terms = [
            order.term(odometry, float(left)) if alive else None
            for order, odometry, left, alive in zip(self._orders, record.odometry, charge, record.alive, strict=True)
        ]
        limit = sum(term.share for term in terms if term is not None)

        def drawn(price: float) -> Array:
            return np.array([0.0 if term is None else term.drawn_at(price) for term in terms])

        if drawn(0.0).sum() <= limit:
            return drawn(0.0)
        highest = max(term.worth for term in terms if term is not None)
        price = brentq(lambda each: drawn(each).sum() - limit, 0.0, highest, xtol=1e-13)
        return drawn(float(price))

    def series(self) -> dict[str, Array]:
        """Return what the report draws beside the track: the sum of all draws, W."""
        return {f"total_{self.choice.name}": np.array(self.total)}


Judge: TypeAlias = PolicyJudge | MapJudge | PowerJudge


class ChoiceJudge:
    """Watches the choices of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with choices.
    robots
        The roster.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        self._scenario = scenario
        self._names = [robot.name for robot in robots]
        self._time: list[float] = []
        self._alive: list[NDArray[np.bool_]] = []
        self._position: list[Array] = []
        orders = [choices_of(scenario, robot, len(robots)) for robot in robots]
        corners = np.array([corner[:2] for corner in scenario.bounds_m])
        bounds = np.concatenate((corners.min(axis=0), corners.max(axis=0)))
        self.judges: list[Judge] = []
        for choice, each in zip(scenario.choices, zip(*orders, strict=True), strict=True):
            if choice.kind == "policy":
                self.judges.append(PolicyJudge(choice, robots))
            elif isinstance(each[0], Chart):
                self.judges.append(MapJudge(choice, each[0], bounds, len(robots)))
            else:
                self.judges.append(PowerJudge(choice, [order for order in each if isinstance(order, Power)]))

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        self._time.append(record.time)
        self._alive.append(record.alive)
        self._position.append(record.truth.position)
        for place, judge in enumerate(self.judges):
            told = [() if each is None or place >= len(each) else each[place] for each in record.choices]
            judge.look(record, told)

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of choices."""
        expect, late = self._scenario.expect, self._late()
        for judge in self.judges:
            name, unit = judge.choice.name, f" {judge.choice.unit}".rstrip()
            if name in expect.chosen_within:
                yield self._chosen(judge, expect.chosen_within[name], unit, late)
            if expect.overloaded is not None and isinstance(judge, PowerJudge):
                yield self._overloaded(judge, expect.overloaded)
            if name in expect.mapped_within and isinstance(judge, MapJudge):
                bound, alive = expect.mapped_within[name], self._alive[-1] if self._alive else np.zeros(0, dtype=bool)
                error = judge.error_to_truth(alive)
                words = f"at most {bound:g}{unit} from the true field, root mean square"
                yield Finding(f"mapped_within {name}", words, f"{error:.3g}{unit}", error <= bound, "")
            if expect.flown_within_m_s is not None and name == self._scenario.mission.agreed_speed:
                yield self._flown(judge, expect.flown_within_m_s, late)

    def _late(self) -> NDArray[np.bool_]:
        """Tell the ticks that are judged: long enough after the start and after each crash and return, or the last."""
        wait = self._scenario.expect.chosen_after_s
        late = np.zeros(len(self._time), dtype=bool)
        late[-1:] = True
        since, before = 0.0, self._alive[0] if self._alive else np.zeros(0, dtype=bool)
        for row, (time, alive) in enumerate(zip(self._time, self._alive, strict=True)):
            if not np.array_equal(alive, before):
                since, before = time, alive
            late[row] |= wait is not None and time >= since + wait - 1e-9
        return late

    def _chosen(self, judge: Judge, bound: float, unit: str, late: NDArray[np.bool_]) -> Finding:
        name, wait = f"chosen_within {judge.choice.name}", self._scenario.expect.chosen_after_s
        words = f"at most {bound:g}{unit} from the central optimum"
        words += "" if wait is None else f", {wait:g} s after the start and each change on"
        error, times = np.array(judge.track.error)[late], np.array(self._time)[late]
        if not len(error) or np.isnan(error).any():
            return Finding(name, words, "somebody tells no choice", False, "")
        worst = int(error.argmax())
        return Finding(
            name, words, f"{error[worst]:.2g}{unit}", bool(error[worst] <= bound), f"at {times[worst]:.2f} s"
        )

    def _overloaded(self, judge: PowerJudge, wanted: bool) -> Finding:
        limit, over = judge.choice.limit_w or 0.0, judge.over
        bound = f"more than {limit:g} W at some physics step" if wanted else f"never more than {limit:g} W"
        value = f"{max(judge.total, default=0.0):.3f} W"
        detail = "" if over is None else f"first at {over[0]:.2f} s"
        return Finding("overloaded", bound, value, (over is not None) == wanted, detail)

    def _flown(self, judge: Judge, bound: float, late: NDArray[np.bool_]) -> Finding:
        """Judge each living robot's top speed over a second against the best common speed of that time."""
        name, words = "flown_within_m_s", f"top speed at most {bound:g} m/s from the best common one"
        span, path = self._scenario.control.rate_hz, np.array(self._position)
        best = np.array(judge.track.best)[:, :1]
        rows = np.flatnonzero(late[:-1])
        rows = rows[rows >= span]
        alive = self._alive[-1] if self._alive else np.zeros(0, dtype=bool)
        if not len(rows) or not alive.any():
            return Finding(name, words, "nobody flew", False, "")
        over = (length(path[rows] - path[rows - span]) - best[rows])[:, alive].max(axis=0)
        worst = int(abs(over).argmax())
        who = np.array(self._names)[alive][worst]
        return Finding(name, words, f"{over[worst]:+.3f} m/s", bool(abs(over[worst]) <= bound), str(who))

    def metrics(self) -> dict[str, Any]:
        """Return the last errors, and what agreeing costs each robot."""
        found: dict[str, Any] = {
            "choice_error_end": {judge.choice.name: judge.track.error[-1] for judge in self.judges if judge.track.error}
        }
        for judge in self.judges:
            if isinstance(judge, PolicyJudge):
                losses = judge.series()[f"loss_{judge.choice.name}"].tolist()
                found[f"cost_of_agreeing_{judge.choice.name}"] = dict(zip(self._names, losses, strict=True))
        return found

    def series(self) -> dict[str, Array]:
        """Arrays for ``series.npz``, by choice: choice (t, n, k), best (t, k), choice_error (t,), and those drawn."""
        found: dict[str, Array] = {}
        for judge in self.judges:
            name = judge.choice.name
            found[f"choice_{name}"] = np.array(judge.track.value)
            found[f"best_{name}"] = np.array(judge.track.best)
            found[f"choice_error_{name}"] = np.array(judge.track.error)
            found |= judge.series()
        return found
