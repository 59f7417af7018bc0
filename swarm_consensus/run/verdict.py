"""The verdict: every expectation of the scenario with its bound, the value measured, and whether it held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from rich.table import Table

from swarm_consensus.run.monitor import Extreme, Monitor
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.world import Contact

_ROUND_OFF = 1e-9  # m, of a distance that equals its bound


class Expectation(msgspec.Struct, frozen=True):
    """One thing that had to hold."""

    name: str
    bound: str
    value: str
    held: bool
    detail: str = ""  # when it first failed and whom it concerns


class Verdict(msgspec.Struct, frozen=True):
    """What came of a run."""

    scenario: str
    seed: int
    expectations: tuple[Expectation, ...]
    metrics: dict[str, Any]
    notes: tuple[str, ...] = ()  # what a person should know beside: a process that died, a weaker setting, an abort
    complete: bool = True  # False: the run ended before its time

    @property
    def held(self) -> bool:
        """True if the run came to its end and every expectation held."""
        return self.complete and all(expectation.held for expectation in self.expectations)


def to_json(verdict: Verdict) -> bytes:
    """Return ``verdict.json``: the fields of the verdict, and whether all of it held."""
    content = msgspec.to_builtins(verdict) | {"held": verdict.held}
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def from_json(data: bytes) -> Verdict:
    """Read ``verdict.json``."""
    return msgspec.json.decode(data, type=Verdict)


def judge(
    monitor: Monitor,
    contacts: Sequence[Contact],
    seed: int,
    metrics: dict[str, Any],
    notes: Sequence[str] = (),
    *,
    complete: bool = True,
) -> Verdict:
    """Judge a run.

    Parameters
    ----------
    monitor
        After the last tick.
    contacts
        Those that the world counted.
    seed
        Of the run.
    metrics
        What the runner measured beside: wall time, digest and the like.
    notes
        Sentences for the reader.
    complete
        False for a run that was interrupted or given up: it is not held, whatever it showed until then.
    """
    scenario = monitor.scenario
    expect = scenario.expect
    found: list[Expectation] = []
    if expect.connected is not None:
        found.append(_yes("connected", expect.connected, monitor.split is None, _when(monitor.split, "cut off: ")))
    if expect.links_kept is not None:
        found.append(_links(scenario, monitor))
    if expect.contacts is not None:
        first = "; ".join(f"{c.first} and {c.second} at {c.time:.2f} s" for c in contacts[:3])
        held = len(contacts) <= expect.contacts
        found.append(Expectation("contacts", f"at most {expect.contacts}", str(len(contacts)), held, first))
    if expect.min_separation_m is not None:
        found.append(_separation(expect.min_separation_m, monitor.separation))
    if expect.inside_fence is not None:
        found.append(_yes("inside_fence", expect.inside_fence, monitor.outside is None, _when(monitor.outside)))
    if expect.arrived_within_m is not None:
        found.append(_arrived(scenario, monitor))
    return Verdict(
        scenario=scenario.name,
        seed=seed,
        expectations=tuple(found),
        metrics=_metrics(monitor, contacts) | metrics,
        notes=tuple(notes),
        complete=complete,
    )


def _yes(name: str, wanted: bool, found: bool, detail: str) -> Expectation:
    return Expectation(name, "yes" if wanted else "no", "yes" if found else "no", wanted == found, detail)


def _when(extreme: Extreme | None, what: str = "") -> str:
    return f"first at {extreme.time:.2f} s, {what}{', '.join(extreme.robots)}" if extreme else ""


def _links(scenario: Scenario, monitor: Monitor) -> Expectation:
    longest, most = monitor.link, scenario.radio.range_m
    found = longest.value <= most + _ROUND_OFF
    detail = f"at {longest.time:.2f} s, {' - '.join(longest.robots)}" if longest.robots else "no link was held"
    bound = f"held links at most {most:g} m" if scenario.expect.links_kept else f"a held link beyond {most:g} m"
    return Expectation("links_kept", bound, f"{longest.value:.3f} m", found == scenario.expect.links_kept, detail)


def _separation(least: float, found: Extreme) -> Expectation:
    value = "no pair" if np.isinf(found.value) else f"{found.value:.3f} m"
    detail = f"at {found.time:.2f} s, {' - '.join(found.robots)}" if found.robots else ""
    return Expectation("min_separation_m", f"at least {least:g} m", value, found.value >= least - _ROUND_OFF, detail)


def _arrived(scenario: Scenario, monitor: Monitor) -> Expectation:
    """Every living robot within the bound from `by_s` on, or at the end."""
    within = scenario.expect.arrived_within_m
    assert within is not None
    by = scenario.expect.by_s
    times = np.array([*monitor.series.time, monitor.time])
    distance = np.array([*monitor.series.goal, monitor.goal_distance(monitor.last)])
    late = times >= (scenario.duration_s if by is None else by) - 1e-9
    late[-1] = True
    judged = distance[late]
    if not np.isfinite(judged).any():
        return Expectation("arrived_within_m", f"at most {within:g} m", "nobody lives", False)
    worst = np.unravel_index(np.nanargmax(judged), judged.shape)
    value = float(judged[worst])
    detail = f"{monitor.names[worst[1]]} at {times[late][worst[0]]:.2f} s"
    bound = f"at most {within:g} m" + ("" if by is None else f" from {by:g} s on")
    return Expectation("arrived_within_m", bound, f"{value:.3f} m", value <= within + _ROUND_OFF, detail)


def _metrics(monitor: Monitor, contacts: Sequence[Contact]) -> dict[str, Any]:
    lambda2 = monitor.series.lambda2
    separation = monitor.separation.value
    return {
        "simulated_s": round(monitor.time, 6),
        "robots": len(monitor.names),
        "alive_at_end": int(monitor.alive.sum()),
        "min_separation_m": None if np.isinf(separation) else separation,
        "longest_held_link_m": monitor.link.value,
        "lambda2_min": min(lambda2, default=0.0),
        "lambda2_end": lambda2[-1] if lambda2 else 0.0,
        "connected_share": monitor.connected_steps / max(monitor.steps, 1),
        "contacts": len(contacts),
        "path_length_m": dict(zip(monitor.names, np.round(monitor.path_length, 3).tolist(), strict=True)),
        "frames": monitor.radio,
    }


def table(verdict: Verdict) -> Table:
    """Return the verdict as a table for the terminal."""
    shown = Table("expectation", "bound", "measured", "", "where", title=f"{verdict.scenario}, seed {verdict.seed}")
    for each in verdict.expectations:
        mark = "[green]held[/]" if each.held else "[bold red]FAILED[/]"
        shown.add_row(each.name, each.bound, each.value, mark, each.detail)
    return shown
