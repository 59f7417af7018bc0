"""The verdict: every expectation of the scenario with its bound, the value measured, and whether it held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table

from swarm_consensus.agreement.raft.membership import advice
from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError
from swarm_consensus.network.seal import WEAKNESS
from swarm_consensus.run import decisions
from swarm_consensus.run.coverage import covered
from swarm_consensus.run.measures import measures
from swarm_consensus.run.monitor import ROUND_OFF, Event, Extreme, Monitor
from swarm_consensus.simulation.agreement import facts_of
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.world import Contact

_MOST_EVENTS = 200  # kept in the verdict; a swarm that rubs along a wall makes thousands of contacts


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
    events: tuple[Event, ...] = ()  # deaths, returns, contacts, broken promises, in order of time

    @property
    def held(self) -> bool:
        """True if the run came to its end and every expectation held."""
        return self.complete and all(expectation.held for expectation in self.expectations)


def to_json(verdict: Verdict) -> bytes:
    """Return ``verdict.json``: the fields of the verdict, and whether all of it held."""
    content = msgspec.to_builtins(verdict) | {"held": verdict.held}
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def from_json(data: bytes) -> Verdict:
    """Read ``verdict.json``.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        return msgspec.json.decode(data, type=Verdict)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError([f"verdict.json is not a verdict: {error}"]) from None


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
        found.append(_separation(expect.min_separation_m, monitor))
    if expect.inside_fence is not None:
        found.append(_yes("inside_fence", expect.inside_fence, monitor.outside is None, _when(monitor.outside)))
    if expect.arrived_within_m is not None:
        found.append(_arrived(scenario, monitor))
    found += _covered(monitor)
    found += _explored(monitor)
    found += _agreed(monitor)
    if expect.formation_error_m is not None:
        found.append(_formation(expect.formation_error_m, monitor))
    return Verdict(
        scenario=scenario.name,
        seed=seed,
        expectations=tuple(found),
        metrics=_metrics(monitor, contacts) | metrics,
        notes=(*weaker(scenario), *_named(monitor), *notes),
        complete=complete,
        events=_events(monitor, contacts),
    )


def weaker(scenario: Scenario) -> tuple[str, ...]:
    """Say what a scenario does without, a sentence each."""
    notes = []
    if not scenario.control.redundancy:
        what = "no link was kept, and that the swarm stays one network was not guaranteed"
        notes.append(f"control.redundancy is 0: {what}")
    notes.append(weakness(scenario))
    facts = facts_of(scenario)
    if facts is not None:
        notes.append(advice(facts.config(len(robot_names(scenario)))))
    notes += decisions.weaker(scenario)
    return tuple(filter(None, notes))


def _named(monitor: Monitor) -> Iterator[str]:
    """Say which liars were found out."""
    for judge_of_liars in (monitor.decisions, monitor.bundle):
        if judge_of_liars is not None:
            yield from judge_of_liars.notes()


def weakness(scenario: Scenario) -> str:
    """Say what frames of a scenario do not prove; '' if they prove all that they could."""
    security = scenario.security
    if security is None:
        return ""
    words = WEAKNESS[security.seal]
    return f"security.seal is {security.seal}: {words}" if words else ""


def _yes(name: str, wanted: bool, found: bool, detail: str) -> Expectation:
    return Expectation(name, "yes" if wanted else "no", "yes" if found else "no", wanted == found, detail)


def _when(extreme: Extreme | None, what: str = "") -> str:
    return f"first at {extreme.time:.2f} s, {what}{', '.join(extreme.robots)}" if extreme else ""


def _worst(first: Extreme | None, worst: Extreme) -> str:
    """Say when a bound was first broken, if it was, and when and between whom the worst was."""
    if not worst.robots:
        return ""
    since = f"first at {first.time:.2f} s, {' - '.join(first.robots)}; worst " if first else ""
    return f"{since}at {worst.time:.2f} s, {' - '.join(worst.robots)}"


def _links(scenario: Scenario, monitor: Monitor) -> Expectation:
    longest, most = monitor.link, scenario.radio.range_m
    found = longest.value <= most + ROUND_OFF and monitor.hidden is None
    detail = _worst(monitor.stretched, longest) or "no link was held"
    if monitor.hidden is not None:
        detail = f"behind a wall {_when(monitor.hidden)}; longest {detail}"
    bound = f"held links at most {most:g} m" if scenario.expect.links_kept else f"a held link beyond {most:g} m"
    return Expectation("links_kept", bound, f"{longest.value:.3f} m", found == scenario.expect.links_kept, detail)


def _separation(least: float, monitor: Monitor) -> Expectation:
    found = monitor.separation
    value = "no pair" if np.isinf(found.value) else f"{found.value:.3f} m"
    held = found.value >= least - ROUND_OFF
    return Expectation("min_separation_m", f"at least {least:g} m", value, held, _worst(monitor.too_close, found))


def _arrived(scenario: Scenario, monitor: Monitor) -> Expectation:
    """Every living robot within the bound from `by_s` on, or at the end."""
    within = scenario.expect.arrived_within_m
    assert within is not None
    by = scenario.expect.by_s
    times, distance = _goal_distances(monitor)
    late = _judged(scenario, times)
    judged, when = distance[late], times[late]
    bound = f"at most {within:g} m" + ("" if by is None else f" from {by:g} s on")
    if not np.isfinite(judged).any():
        return Expectation("arrived_within_m", bound, "nobody lives", False)
    worst = np.unravel_index(np.nanargmax(judged), judged.shape)
    value = f"{judged[worst]:.3f} m"
    detail = f"{monitor.names[worst[1]]} at {when[worst[0]]:.2f} s"
    away = judged > within + ROUND_OFF  # the dead (NaN) are not asked to arrive
    if not away.any():
        return Expectation("arrived_within_m", bound, value, True, detail)
    first = int(away.any(axis=1).argmax())
    names = ", ".join(monitor.names[index] for index in np.flatnonzero(away[first]))
    return Expectation(
        "arrived_within_m", bound, value, False, f"at {when[first]:.2f} s not {names}; farthest {detail}"
    )


def _covered(monitor: Monitor) -> list[Expectation]:
    """Coverage at the end, where it is judged."""
    expect = monitor.scenario.expect
    if expect.covered_within_m is None and expect.coverage_rms_m is None:
        return []
    found = covered(monitor.scenario, monitor.last, monitor.alive)
    measured = (
        ("covered_within_m", expect.covered_within_m, found.farthest if found else np.inf),
        ("coverage_rms_m", expect.coverage_rms_m, found.rms if found else np.inf),
    )
    return [
        Expectation(name, f"at most {bound:g} m", f"{value:.3f} m" if found else "nobody lives", value <= bound)
        for name, bound, value in measured
        if bound is not None
    ]


def _explored(monitor: Monitor) -> list[Expectation]:
    """Share of the area that was seen, where it is judged."""
    least, seen = monitor.scenario.expect.explored_share, monitor.exploration
    if least is None or seen is None:
        return []
    return [Expectation("explored_share", f"at least {least:g}", f"{seen.share:.4f}", seen.share >= least)]


def _agreed(monitor: Monitor) -> list[Expectation]:
    """All that judges by the statuses and the devices of a world."""
    judges = (
        monitor.agreement,
        monitor.choices,
        monitor.facts,
        monitor.batteries,
        monitor.docks,
        monitor.decisions,
        monitor.bundle,
    )
    seen = [each for each in judges if each]
    return [Expectation(f.name, f.bound, f.value, f.held, f.detail) for each in seen for f in each.findings()]


def _judged(scenario: Scenario, times: Array) -> NDArray[np.bool_]:
    """Tell the times at which arrival is judged: from `by_s` on, and the last one."""
    by = scenario.expect.by_s
    late = times >= (scenario.duration_s if by is None else by) - 1e-9
    late[-1] = True
    return np.asarray(late)


def _formation(most: float, monitor: Monitor) -> Expectation:
    """Every living robot at its slot from `by_s` on, or at the end."""
    by = monitor.scenario.expect.by_s
    times = np.array([*monitor.series.time, monitor.time])
    late = _judged(monitor.scenario, times)
    error = np.array([*monitor.series.formation, monitor.formation_error(monitor.last)])[late]
    worst = int(error.argmax())
    bound = f"at most {most:g} m" + ("" if by is None else f" from {by:g} s on")
    if not monitor.alive.any():
        return Expectation("formation_error_m", bound, "nobody lives", False)
    held = bool(error[worst] <= most + ROUND_OFF)
    detail = f"worst at {times[late][worst]:.2f} s"
    return Expectation("formation_error_m", bound, f"{error[worst]:.3f} m", held, detail)


def _goal_distances(monitor: Monitor) -> tuple[Array, Array]:
    """Times (t,) s and distances to the goal (t, n) m, tick by tick and at the end."""
    times = np.array([*monitor.series.time, monitor.time])
    return times, np.array([*monitor.series.goal, monitor.goal_distance(monitor.last)])


def _arrivals(monitor: Monitor) -> dict[str, float | None]:
    """Time from which on each robot stayed within the bound to the end, s; None if it did not, or lives no more."""
    within = monitor.scenario.expect.arrived_within_m
    if within is None:
        return dict.fromkeys(monitor.names)
    times, distance = _goal_distances(monitor)
    away = ~(distance <= within + ROUND_OFF)
    since = len(away) - away[::-1].argmax(axis=0)  # the row after the last one away
    since[~away.any(axis=0)] = 0
    return {
        name: None if row == len(times) else round(float(times[row]), 6)
        for name, row in zip(monitor.names, since.tolist(), strict=True)
    }


def _events(monitor: Monitor, contacts: Sequence[Contact]) -> tuple[Event, ...]:
    """Return everything that happened at one moment, in order of time."""
    found = [*monitor.events, *(Event(c.time, f"{c.first} touches {c.second}") for c in contacts[:_MOST_EVENTS])]
    firsts = (
        (monitor.split, "the network splits, cut off: "),
        (monitor.stretched, "a held link is longer than the range: "),
        (monitor.hidden, "a wall cuts a held link: "),
        (monitor.too_close, "nearer than the smallest separation: "),
        (monitor.outside, "outside the fence or the altitude band: "),
    )
    found += [Event(first.time, what + ", ".join(first.robots)) for first, what in firsts if first]
    return tuple(sorted(found, key=lambda event: event.time)[:_MOST_EVENTS])


def _metrics(monitor: Monitor, contacts: Sequence[Contact]) -> dict[str, Any]:
    separation = monitor.separation.value
    return {
        "simulated_s": round(monitor.time, 6),
        "robots": len(monitor.names),
        "alive_at_end": int(monitor.alive.sum()),
        "min_separation_m": None if np.isinf(separation) else separation,
        "longest_held_link_m": monitor.link.value,
        "connected_share": monitor.connected_steps / max(monitor.steps, 1),
        **measures(monitor),
        "contacts": len(contacts),
        "arrival_s": _arrivals(monitor),
        "path_length_m": dict(zip(monitor.names, np.round(monitor.path_length, 3).tolist(), strict=True)),
        "frames": monitor.radio,
        "seal": monitor.scenario.security.seal if monitor.scenario.security else "none",
        **(monitor.agreement.metrics() if monitor.agreement else {}),
        **(monitor.choices.metrics() if monitor.choices else {}),
        **(monitor.facts.metrics() if monitor.facts else {}),
        **(monitor.batteries.metrics() if monitor.batteries else {}),
        **(monitor.docks.metrics() if monitor.docks else {}),
        **(monitor.decisions.metrics() if monitor.decisions else {}),
        **(monitor.bundle.metrics() if monitor.bundle else {}),
    }


def table(verdict: Verdict) -> Table:
    """Return the verdict as a table for the terminal."""
    shown = Table(
        "expectation", "bound", "measured", "", "where", title=f"{escape(verdict.scenario)}, seed {verdict.seed}"
    )
    for each in verdict.expectations:
        mark = "[green]held[/]" if each.held else "[bold red]FAILED[/]"  # words beside the colours
        shown.add_row(each.name, each.bound, each.value, mark, escape(each.detail))
    return shown
