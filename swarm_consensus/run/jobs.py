"""What became of the jobs of a swarm, by the log of a run folder or as one robot told it: ``swarm jobs``."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape
from rich.table import Table

from swarm_consensus.agreement.machines import Machines
from swarm_consensus.agreement.raft.messages import COMMAND
from swarm_consensus.agreement.sessions import Sessions
from swarm_consensus.agreement.trigger import Job, Triggers
from swarm_consensus.errors import InputError
from swarm_consensus.robot.jobs import JOBS
from swarm_consensus.run.shared_log import SharedLog, read_log, when
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.scenario import Job as JobOrders
from swarm_consensus.simulation.scenario import Scenario


def read_jobs(folder: str | Path) -> tuple[SharedLog, dict[str, tuple[str, Job]]]:
    """Return the log of a run folder, and of each job when it is due and what the settled part of the log says of it.

    Raises
    ------
    InputError
        If it is no run folder, or its world has no jobs.
    StorageError
        If a robot's file is not what it wrote.
    """
    log = read_log(folder)
    return log, jobs_of(log, load(Path(folder) / "world.yaml"), folder)


def jobs_of(log: SharedLog, scenario: Scenario, where: str | Path) -> dict[str, tuple[str, Job]]:
    """Return of each job when it is due and what the settled part of a log says of it.

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
        If the world has no jobs.
    """
    jobs = [] if scenario.agreement is None else scenario.agreement.jobs
    if not jobs:
        raise InputError([f"{where}: this swarm has no jobs; they stand in a world's section agreement"])
    states = carried_out(log, [job.name for job in jobs])
    return {job.name: (_due(job), states[job.name]) for job in jobs}


def carried_out(log: SharedLog, names: list[str]) -> dict[str, Job]:
    """Return the jobs after everything that is settled, carried out in order."""
    triggers = Triggers(names)
    sessions = Sessions(Machines({JOBS: triggers}))
    # of those who hold all that is settled: whose log goes furthest, by the rule by which voters choose
    robot = max(log.saved, key=lambda name: (_last_term(log, name), log.last(name)))
    snapshot = log.saved[robot].snapshot
    sessions.restore(snapshot.state)
    for index, entry in enumerate(log.saved[robot].entries, snapshot.index + 1):
        holders = [other for other in log.saved if log.entry(other, index) == entry]
        if not log.is_settled(index, holders):
            break
        if entry.kind == COMMAND:
            sessions.apply(index, entry.data)
    return triggers.jobs


def jobs_table(log: SharedLog, jobs: dict[str, tuple[str, Job]]) -> Table:
    """Return one row for each attempt that is remembered, the newest of each job last."""
    shown = Table("job", "due", "done up to", "attempt", "at occurrence", "by", "outcome")
    for name, (due, job) in jobs.items():
        first = (escape(name), escape(due), when(job.done) if job.done else "nothing yet")
        if not job.attempts:
            shown.add_row(*first, "", "", "", "")
        for place, attempt in enumerate(job.attempts):
            robot = log.names[attempt.robot] if attempt.robot < len(log.names) else f"robot {attempt.robot}"
            told = (str(attempt.token), when(attempt.number), escape(robot), attempt.outcome)
            shown.add_row(*(first if place == 0 else ("", "", "")), *told)
    return shown


def _due(job: JobOrders) -> str:
    if job.when is not None:
        return f"while {job.when.quantity} is above {job.when.above:g}"
    return job.schedule if job.schedule is not None else f"every {job.every_s} s"


def _last_term(log: SharedLog, robot: str) -> int:
    saved = log.saved[robot]
    return saved.entries[-1].term if saved.entries else saved.snapshot.term
