"""Dismissing an operator: the bound in many simulated runs, planted bugs, the split swarm. `roles.py N`: N seeds."""

# ruff: noqa: D102  (what a method does wrong stands at its class)

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from arguments import number
from rich.console import Console
from rich.table import Table

from swarm_consensus.agreement.authority import Gate
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.dismissal import FRESH, Parts, Run, late_answer, run, split_run
from swarm_consensus.agreement.simulator.network import TICK

SEEDS = 300  # unless another number is given
TRIED = 200  # for each planted bug


class FromAnswer(Gate):
    """Counts from the answer to a read, not from the question."""

    def served(self, token: int) -> None:
        if token in self._asked:
            self._asked[token] = self._now
        super().served(token)

    def read_due(self, now: int) -> bool:
        self._now = now
        return super().read_due(now)


class NeverStale(Gate):
    """Trusts a view for ever once the log has answered."""

    def age(self, now: int) -> int | None:
        return None if super().age(now) is None else 0


class TwiceAsLong(Gate):
    """Trusts a view for twice as long as it says."""

    def age(self, now: int) -> int | None:
        age = super().age(now)
        return None if age is None else age // 2


MUTANTS = {
    "counts freshness from the answer": Parts(FromAnswer),
    "never stale once answered": Parts(NeverStale),
    "stale only after twice the ticks": Parts(TwiceAsLong),
    "does not count ticks that it slept through": Parts(counts_sleep=False),
    "does not ask the log": Parts(reads=False),
}


def first_violation(parts: Parts, seeds: Iterable[int]) -> str:
    """Return the first violation of the bound, or ''."""
    for seed in seeds:
        try:
            run(seed, parts)
        except Violation as violation:
            if str(violation).startswith("revocation"):
                return str(violation)
    return ""


def fails_play(parts: Parts) -> bool:
    """Tell whether the play of a late answer shows a bug."""
    try:
        late_answer(parts)
    except Violation:
        return True
    return False


def dismissed(console: Console) -> Run:
    """Print when each robot obeyed last, in a swarm that was split before the revocation."""
    one = split_run()
    table = Table("robot", "last obeyed, ticks after the commit", "why it denies after healing")
    table.title = f"Robots 3 and 4 cut off at tick 55; revoked at {(one.committed or 0) / TICK:.1f}; healed at 180"
    for robot in one.robots:
        late = ((robot.last_obeyed or 0) - (one.committed or 0)) / TICK
        table.add_row(str(robot.number), f"{late:.2f}", robot.denied)
    console.print(table)
    return one


def main() -> None:
    """Print the tables; exit status 1 if the bound was broken."""
    seeds = number(__doc__, "seeds", SEEDS)
    console, began = Console(), time.perf_counter()
    dismissed(console)
    table = Table("planted bug", "play of a late answer", f"first violation in {TRIED} seeds", title="Gates")
    for name, parts in MUTANTS.items():
        table.add_row(name, "fails" if fails_play(parts) else "", first_violation(parts, range(TRIED)))
    console.print(table)
    late, obeyed, violations = [], 0, []
    for seed in range(seeds):
        try:
            one = run(seed)
        except Violation as violation:
            violations.append(str(violation))
            continue
        late.append(one.latest / TICK)
        obeyed += sum(robot.obeyed for robot in one.robots)
    late.sort()
    table = Table("what", "number", title=f"{seeds} dismissals in bad times")
    table.add_row("bound, nominal ticks after the commit", f"{FRESH.bound_ticks:.2f}")
    table.add_row("last command obeyed by any robot: median", f"{late[len(late) // 2]:.2f}")
    table.add_row("  99 % of the runs", f"{late[int(0.99 * (len(late) - 1))]:.2f}")
    table.add_row("  latest of all", f"{late[-1]:.2f}")
    table.add_row("runs in which somebody obeyed after the commit", str(sum(each > 0 for each in late)))
    table.add_row("commands obeyed before, a run", f"{obeyed / len(late):.0f}")
    table.add_row("violations", str(len(violations)))
    table.add_row("minutes", f"{(time.perf_counter() - began) / 60:.1f}")
    console.print(table)
    for violation in violations[:20]:
        console.print(violation)
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()
