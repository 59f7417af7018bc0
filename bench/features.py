"""Random worlds of each feature, kinematic, in memory: log, docks, jobs, people, choices, liars, bundles, behaviours.

``python bench/features.py [SEEDS] [--kind KIND ...]``: so many seeds (20) of each kind. Safety is expected of all, and
what a swarm does in the end where the network allows. Exit status 1 if an expectation failed; a seed and its kind draw
the world again, and ``--show`` prints it. What no robot could do is not drawn: a world that is refused when it is read
is counted as such.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import moves
import numpy as np
import yaml
from drawing import Rng, World, base, cut, group, one_of, up_to, who
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

from swarm_consensus.errors import SwarmError
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.loading import parse
from swarm_consensus.simulation.scenario import Scenario

SEEDS = 20  # of each kind, unless another number is given


def docks(rng: Rng, claimed: bool = False) -> World:
    """Batteries and docks, by permits or by claims; one dies and comes back, one is cut off."""
    count = one_of(rng, 4, 10)
    world = base(rng, "docks", 90, (24, 24) if claimed else (12, 16))
    world["robots"] = [group("r", count, (-8, 2, 8, 6))]
    spots = [[7, -5], [7, 0], [7, 5], [0, 5], [-7, 5], [-7, 0], [-7, -5], [0, -5]]
    world["mission"] = {"behaviour": "patrol", "points_m": spots}
    lease = float(rng.choice([12, 16, 20]))
    if claimed:
        world["claims"] = {"lease_s": lease}
    else:
        voters = [f"r_{i + 1}" for i in range(5 if count >= 5 else 3)]
        world["agreement"] = {"voters": voters, "permits": {"lease_s": lease, "renew_s": 1, "delay_s": 2}}
        world["expect"]["one_log"] = True
    start = {f"r_{i + 1}": up_to(rng, 0.95, 0.5) for i in range(count)}
    world["battery"] = {"capacity_j": 700, "idle_w": 1, "motion_j_m": 5, "charge_w": 50, "start": start}
    world["docks"] = [
        {"name": f"d{i}", "position_m": [-5 + 5 * i, -1], "reach_m": 1.4, "places": one_of(rng, 1, 2), "power_w": 25}
        for i in range(one_of(rng, 1, 3))
    ]
    if rng.random() < 0.7:
        world["faults"] = [{"robot": who(rng, count), "crash_s": one_of(rng, 5, 40), "restart_s": one_of(rng, 45, 60)}]
    cut(rng, world, [who(rng, count)], 30)
    world["control"] = {"rate_hz": 10, "lost_after_s": 4, "max_age_s": 0.5 + 2 * world["radio"]["delay_s"]}
    world["expect"] |= {"over_places": 0, "stale_charges": 0, "run_dry": 0}
    return world


def claims(rng: Rng) -> World:
    """Docks that decide alone."""
    return docks(rng, claimed=True)


def jobs(rng: Rng) -> World:
    """Jobs by schedule; a voter dies and comes back."""
    count = one_of(rng, 3, 8)
    world = base(rng, "jobs", 60, (12, 16), (0.35, 0.15))
    world["robots"] = [group("r", count, (-6, -4, 3, 4))]
    due = [{"name": "often", "every_s": one_of(rng, 4, 11)}, {"name": "seldom", "every_s": 15}]
    world["agreement"] = {"voters": ["r_1", "r_2", "r_3"], "report_s": one_of(rng, 1, 3), "jobs": due}
    world["faults"] = [{"robot": who(rng, 3), "crash_s": up_to(rng, 30, 5), "restart_s": 40}]
    cut(rng, world, [who(rng, count)], 12)
    world["expect"] |= {"one_log": True, "jobs_within_s": 25}
    return world


def succession(rng: Rng) -> World:
    """Voters die and are replaced; one of them comes back among the dead."""
    count = one_of(rng, 6, 11)
    world = base(rng, "succession", 60, (12, 16), (0.3, 0.1))
    world["robots"] = [group("r", count, (-6, -4, 4, 4))]
    world["agreement"] = {"voters": ["r_1", "r_2", "r_3"], "report_s": 1, "replace_s": 4}
    world["faults"] = [
        {"robot": "r_1", "crash_s": 10, "restart_s": one_of(rng, 25, 59)},
        {"robot": "r_2", "crash_s": 22},
        {"robot": f"r_{count}", "crash_s": 34, "restart_s": 45},
    ]
    world["expect"] |= {"one_log": True, "commits_at_least": 100}
    return world


def people(rng: Rng) -> World:
    """An operator commands and is dismissed while some robots are cut off."""
    count = one_of(rng, 3, 7)
    world = base(rng, "people", 75, (9, 14), (0.3, 0.1))
    world["robots"] = [group("r", count, (-6, -4, 0, 4))]
    voters = [f"r_{i + 1}" for i in range(5 if count >= 5 else 3)]
    world["agreement"] = {"voters": voters, "report_s": 1, "message_bytes": 240}
    world["security"] = {"seal": str(rng.choice(["identity", "group"]))}
    world["operators"] = [{"name": "alice", "role": "administrator"}, {"name": "bob", "role": "operator"}]
    away = [f"r_{i}" for i in range(count - one_of(rng, 0, count - 2), count + 1)]
    start = one_of(rng, 6, 20)
    world["radio"]["partitions"] = [{"from_s": start, "until_s": start + one_of(rng, 8, 19), "groups": [away]}]
    orders: list[World] = []
    for second in np.cumsum(rng.integers(3, 9, 5)).tolist():
        goal = [up_to(rng, 4, -6), up_to(rng, 4, -4)]
        heard = [who(rng, count)]
        orders.append({"at_s": second, "operator": "bob", "order": "goto", "goal_m": goal, "heard_by": heard})
    revoked = start + one_of(rng, 1, 5)
    orders.append(
        {"at_s": revoked, "operator": "alice", "order": "revoke", "who": "bob", "heard_by": [who(rng, count)]}
    )
    orders.append({"at_s": 50, "operator": "alice", "order": "goto", "goal_m": [3, 0], "heard_by": ["r_1"]})
    world["commands"] = sorted(orders, key=lambda order: order["at_s"])
    if rng.random() < 0.4:
        world["faults"] = [{"robot": who(rng, count), "crash_s": one_of(rng, 5, 30), "restart_s": 36}]
    world["expect"] |= {"one_log": True, "orders_agree": True, "dismissed_obeyed_s": 2.6}
    return world


def policy(rng: Rng) -> World:
    """A common speed, from interests drawn at random; one may die."""
    rovers, drones = one_of(rng, 2, 11), one_of(rng, 0, 4)
    world = base(rng, "policy", 70, (5, 9))
    area = (-8, -4, -3, 4)
    world["robots"] = [group("r", rovers, area)] + ([group("d", drones, area, "multirotor")] if drones else [])
    interests = {"r": {"hurry": up_to(rng, 0.5, 0.02), "range": up_to(rng, 1), "payload": up_to(rng, 1.5)}}
    interests["r_1"] = {"hurry": 0.2, "range": 0.5, "payload": 0.5, "weight": one_of(rng, 1, 5)}
    if drones:
        interests["d"] = {"hurry": 0.3, "range": up_to(rng, 1)}
    choice: World = {"name": "cruise", "kind": "policy", "unit": "m/s", "interests": interests}
    if rng.random() < 0.4:
        choice["fairness"] = "max-min"
    world["choices"] = [choice]
    world["mission"] = {"behaviour": "go_to", "goal_m": [5, 0], "agreed_speed": "cruise"}
    if rovers > 3 and rng.random() < 0.5:
        world["faults"] = [{"robot": who(rng, rovers), "crash_s": one_of(rng, 3, 10)}]
    world["expect"] |= {"chosen_within": {"cruise": 0.001}, "chosen_after_s": 55}
    return world


def power(rng: Rng) -> World:
    """A charger that can't feed all; robots die and come back, and some are cut off."""
    count = one_of(rng, 2, 12)
    world = base(rng, "power", 40, (6, 10), (0.5, 0.2))
    area = (-4.5, -3.5, 0.5, 3.5)
    world["robots"] = [group("r", count, area), group("b", 2, area, str(rng.choice(["rover", "multirotor"])))]
    start = {"r": up_to(rng, 0.7, 0.1), "b": 0.8}
    world["battery"] = {"capacity_j": 20000, "idle_w": 2, "motion_j_m": 5, "charge_w": 25, "start": start}
    charger = {"limit_w": one_of(rng, 15, 119), "charger_m": [2, 0], "reach_m": 4.5, "urgency": {"b": 1.5}}
    slow = {"saturation_1_w": 0.015, "ramp_w_s": float(rng.choice([3, 10, 30]))}
    world["choices"] = [{"name": "charge", "kind": "power", "unit": "W", **charger, **slow}]
    faults = []
    for robot in rng.permutation(count)[: one_of(rng, 0, min(2, count - 1))].tolist():
        crash = one_of(rng, 5, 20)
        back = {"restart_s": crash + one_of(rng, 2, 7)} if rng.random() < 0.5 else {}
        faults.append({"robot": f"r_{robot + 1}", "crash_s": crash, **back})
    world["faults"] = faults
    cut(rng, world, ["b"], 15)
    world["expect"] |= {"overloaded": False, "run_dry": 0}
    return world


def captured(rng: Rng) -> World:
    """Where to meet, with as many captured robots as the others bear."""
    liars = one_of(rng, 1, 3)
    count = min(3 * liars + one_of(rng, 1, 2), 10)
    world = base(rng, "captured", 40, (8, 12), (0.3, 0.1))
    world["robots"] = [group("r", count, (-6, -4, 3, 4))]
    names = [f"r_{robot + 1}" for robot in rng.permutation(count)[:liars].tolist()]
    decision = {"name": "meeting", "about": "meeting_point", "captured": names, "lures_m": [[3, 3], [-6, -3]]}
    world |= {"mission": {"behaviour": "rendezvous"}, "security": {"seal": "identity"}, "decisions": [decision]}
    world["expect"]["decided_alike"] = True
    return world


def bundle(rng: Rng) -> World:
    """A bundle spreads past a relay that corrupts; who is behind it alone never gets it, and nobody a false byte."""
    count = one_of(rng, 4, 11)
    world = base(rng, "bundle", 60, (9, 12), (0.2, 0.05))
    world["robots"] = [group("r", count, (-6, -4, 3, 4))]
    cargo = {"name": "map", "source": "r_1", "signed_by": "ada", "bytes": one_of(rng, 100, 20000)}
    world["security"] = {"seal": "identity"}
    world["operators"] = [{"name": "ada", "role": "administrator"}]
    world["agreement"] = {"voters": ["r_1", "r_2", "r_3"]}
    world["bundle"] = {**cargo, "corrupting": [who(rng, count, 2)]}
    if rng.random() < 0.5:
        world["faults"] = [{"robot": who(rng, count, 2), "crash_s": 6, "restart_s": 8}]
    world["expect"] |= {"one_log": True, "active_by_s": 55}
    return world


KINDS: dict[str, Callable[[Rng], World]] = {
    each.__name__: each
    for each in (docks, claims, jobs, succession, people, policy, power, captured, bundle, *moves.KINDS)
}


def world_of(kind: str, seed: int, walls: str | None = None) -> World:
    """Draw a world; `walls`: `pass` or `block` the radio, whatever is drawn."""
    world = KINDS[kind](np.random.default_rng([seed, *kind.encode()]))
    if walls is not None:
        world["radio"]["walls"] = walls
    return world


def drawn(kind: str, seed: int, walls: str | None = None) -> Scenario:
    """Draw a world and read it.

    Raises
    ------
    SwarmError
        If it can't be: `swarm check` would refuse it.
    """
    text = yaml.safe_dump(world_of(kind, seed, walls), sort_keys=False)
    return parse(text, f"{kind} {seed}")


def failed(kind: str, seed: int, walls: str | None = None) -> tuple[str, ...] | None:
    """Run a world; return what it did not hold, or None if it is refused."""
    try:
        world = drawn(kind, seed, walls)
    except SwarmError:
        return None
    verdict = judged_run(world, seed)
    return tuple(f"{each.name}: {each.value}" for each in verdict.expectations if not each.held)


def main() -> None:
    """Print a row for each kind, or one world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=SEEDS, help=f"so many of each kind ({SEEDS})")
    parser.add_argument("--kind", choices=list(KINDS), nargs="+", default=list(KINDS), help="which (all)")
    parser.add_argument("--show", type=int, metavar="SEED", help="print that world of the first kind, and run nothing")
    parser.add_argument("--walls", choices=["pass", "block"], help="whether they block the radio (as drawn)")
    chosen = parser.parse_args()
    if chosen.show is not None:
        kind = chosen.kind[0]
        print(yaml.safe_dump(world_of(kind, chosen.show, chosen.walls), sort_keys=False))
        return
    table = Table("kind", "runs", "refused", "failed", "which", title=f"seeds 0 to {chosen.seeds - 1} of each kind")
    bad = False
    for kind in chosen.kind:
        found = Parallel(n_jobs=2)(delayed(failed)(kind, seed, chosen.walls) for seed in range(chosen.seeds))
        worst = [f"{seed}: {'; '.join(each)}" for seed, each in enumerate(found) if each]
        refused = sum(each is None for each in found)
        bad |= bool(worst)
        table.add_row(kind, str(len(found) - refused), str(refused), str(len(worst)), "\n".join(worst[:4]))
    Console().print(table)
    sys.exit(bad)


if __name__ == "__main__":
    main()
