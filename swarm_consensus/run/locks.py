"""Who held which permit when, and who waits, replayed from the log of a run or of a robot: ``swarm locks``.

The log knows no time but the holders' own: a permit is held from its first renewal on, and until it was given back, or
at the longest for a lease after its last renewal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from swarm_consensus.agreement.machines import Machines
from swarm_consensus.agreement.quorum import majority
from swarm_consensus.agreement.raft.messages import COMMAND
from swarm_consensus.agreement.semaphore import GiveBack, Grant, Reclaim, Semaphores, read
from swarm_consensus.agreement.sessions import Sessions
from swarm_consensus.errors import InputError
from swarm_consensus.robot.docks import DockOrders
from swarm_consensus.robot.permits import PERMITS
from swarm_consensus.run.shared_log import SharedLog, name_of, read_log
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.permits import permits_of
from swarm_consensus.simulation.scenario import Scenario


@dataclass(slots=True)
class Tenure:
    """One permit, from when it was granted until it was out of its holder's hands."""

    queue: str
    token: int
    robot: int
    slot: int
    index: int  # of the entry by which it was granted; 0: it was out when the oldest entry was written
    first: int = 0  # tick of the first renewal; 0: it was never renewed, so never used
    last: int = 0  # of the last one
    ended: str = ""  # how; '': it has not
    end: int = 0  # index of the entry by which it ended


class _Watched(Semaphores):
    """Permits that note what becomes of each."""

    def __init__(self, orders: DockOrders) -> None:
        super().__init__(orders.counts)
        self.tenures: list[Tenure] = []

    def apply(self, index: int, command: bytes) -> bytes:
        answer = super().apply(index, command)
        request = read(command)
        how = "returned" if isinstance(request, GiveBack) else "lease over" if isinstance(request, Reclaim) else "?"
        self.look(index, how)
        return answer

    def look(self, index: int, how: str) -> None:
        """Compare what is out with what was."""
        out = {(name, grant.token): grant for name, place in self.places.items() for grant in place.grants}
        for tenure in self.tenures:
            grant = out.pop((tenure.queue, tenure.token), None)
            if grant is not None:
                _renewed(tenure, grant)
            elif not tenure.ended:
                tenure.ended, tenure.end = how, index
        for (name, token), grant in out.items():
            self.tenures.append(Tenure(name, token, grant.robot, grant.slot, index))
            _renewed(self.tenures[-1], grant)


def _renewed(tenure: Tenure, grant: Grant) -> None:
    tenure.first = tenure.first or grant.renewed
    tenure.last = grant.renewed


@dataclass(frozen=True, slots=True)
class Locks:
    """The permits of a run."""

    log: SharedLog
    orders: DockOrders
    tenures: tuple[Tenure, ...]  # in the order of their tokens
    semaphores: Semaphores  # as they stood at the last settled entry
    since: int  # index of the oldest entry that was there


def read_locks(folder: str | Path) -> Locks:
    """Read the permits of a run folder, from the settled part of the log.

    Raises
    ------
    InputError
        If it is no run folder, or its world has no permits.
    StorageError
        If a robot's file is not what it wrote.
    """
    log = read_log(folder)
    return locks_of(log, load(Path(folder) / "world.yaml"), folder)


def locks_of(log: SharedLog, scenario: Scenario, where: str | Path) -> Locks:
    """Return the permits that the settled part of a log tells of.

    Parameters
    ----------
    log
        Of a run, or as one robot told it.
    scenario
        Its world.
    where
        Run folder or file, for the error.

    Raises
    ------
    InputError
        If the world has no permits.
    """
    orders = permits_of(scenario)
    if orders is None:
        raise InputError([f"{where}: this world has no permits; one with agreement.permits does"])
    robot, settled = _settled(log)
    saved = log.saved[robot]
    watched = _Watched(orders)
    sessions = Sessions(Machines({PERMITS: watched}))
    sessions.restore(saved.snapshot.state)
    watched.look(0, "")
    for index, entry in enumerate(saved.entries, start=saved.snapshot.index + 1):
        if index <= settled and entry.kind == COMMAND:
            sessions.apply(index, entry.data)
    tenures = tuple(sorted(watched.tenures, key=lambda tenure: tenure.token))
    return Locks(log, orders, tenures, watched, saved.snapshot.index + 1)


def _settled(log: SharedLog) -> tuple[str, int]:
    """Return one robot, and up to where what it holds is settled: it knows so, or more than half of voters hold it."""
    voters = log.voters
    for index in range(max(map(log.last, log.saved)), 0, -1):
        for _, holders in log.holders(index):
            among = [robot for robot in holders if robot in voters]
            aware = [robot for robot in holders if log.commits.get(robot, 0) >= index]
            if aware or len(among) >= majority(len(voters)):
                return min(aware or among, key=lambda robot: log.saved[robot].snapshot.index), index
    return next(iter(log.saved)), 0


def tenures_table(locks: Locks) -> Table:
    """Return one row for each permit that was granted, or was out, since the oldest entry that is there."""
    shown = Table("token", "queue", "place", "held by", "from, s", "to, s", "ended", "entries")
    if locks.since > 1:
        last = locks.since - 1
        shown.caption = f"entries up to {last} went into a snapshot, and with them the permits that had ended by then"
    rate, berths = locks.log.rate, dict(locks.orders.queues)
    for each in locks.tenures:
        dock, place = berths[each.queue][each.slot]
        times = [f"{tick / rate:.2f}" if tick else "never" for tick in (each.first, each.last)]
        begun = str(each.index) if each.index else f"before {locks.since}"
        shown.add_row(
            str(each.token),
            escape(each.queue),
            escape(f"{locks.orders.docks[dock].name} {place + 1}"),
            escape(name_of(locks.log.names, each.robot)),
            *times,
            each.ended or "held",
            f"{begun} to {each.end}" if each.end else f"from {begun}",
        )
    return shown


def queues_table(locks: Locks) -> Table:
    """Return one row for each queue: who holds its permits and who waits, at the last settled entry."""
    shown = Table("queue", "permits", "held by", "waiting, first first")
    names = locks.log.names
    for queue, place in locks.semaphores.places.items():
        held = ", ".join(f"{name_of(names, grant.robot)} ({grant.token})" for grant in place.grants)
        waiting = ", ".join(name_of(names, robot) for robot in place.waiting)
        shown.add_row(escape(queue), str(place.permits), escape(held) or "nobody", escape(waiting) or "nobody")
    return shown
