"""The log of a scenario: who votes, and what each robot is told of it."""

from __future__ import annotations

from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.schedule import Every, Schedule
from swarm_consensus.agreement.trigger import Times
from swarm_consensus.network.mesh import MeshSettings
from swarm_consensus.robot.facts import FactsOrders
from swarm_consensus.robot.jobs import Condition
from swarm_consensus.simulation.permits import permits_of
from swarm_consensus.simulation.roster import members, robot_names
from swarm_consensus.simulation.scenario import Agreement, Job, Scenario, When

VOTERS = 5  # where the scenario names none: so many, or the largest odd number that there are


def voters_of(agreement: Agreement, names: list[str]) -> list[str]:
    """Return the names of who votes: those that are named, or the first ones of the roster."""
    if agreement.voters is not None:
        named = {name for label in agreement.voters for name in members(label, names)}
        return [name for name in names if name in named]
    most = min(VOTERS, len(names))
    return names[: most - (most % 2 == 0)]


def settings_of(agreement: Agreement, rate: int) -> Settings:
    """Return the settings of the log, in ticks."""
    return Settings(
        election_ticks=round(agreement.election_s * rate),
        heartbeat_ticks=max(round(agreement.heartbeat_s * rate), 1),
        delay_ticks=round(agreement.delay_s * rate),
        message_bytes=agreement.message_bytes,
        clock_drift=agreement.clock_drift,
    )


def mesh_of(scenario: Scenario, agreement: Agreement | None) -> MeshSettings:
    """Return what the mesh may do, with or without a log on it: its times grow with the delay of the radio."""
    rate, radio = scenario.control.rate_hz, scenario.radio
    late = round((radio.delay_s + radio.jitter_s) * rate)
    usual = MeshSettings()
    return MeshSettings(
        bytes_s=(agreement or Agreement()).budget_bytes_s,
        gap=usual.gap + 2 * late,
        fresh=usual.fresh + late,
        lifetime=usual.lifetime + usual.hops * late,
    )


def times_of(job: Job) -> Times:
    """Return when a job is due.

    Raises
    ------
    SettingsError
        If its schedule is none.
    """
    return Schedule(job.schedule) if job.schedule is not None else Every(job.every_s or 0)


def condition_of(when: When, rate: int) -> Condition:
    """Return a condition, in ticks."""
    return Condition(when.quantity, when.above, max(round(when.quiet_s * rate), 1))


def facts_of(scenario: Scenario) -> FactsOrders | None:
    """Return what all robots are told of the log; None if the scenario has none."""
    agreement = scenario.agreement
    if agreement is None:
        return None
    names, rate = robot_names(scenario), scenario.control.rate_hz
    return FactsOrders(
        voters=tuple(names.index(name) for name in voters_of(agreement, names)),
        settings=settings_of(agreement, rate),
        mesh=mesh_of(scenario, agreement),
        jobs=tuple((job.name, times_of(job)) for job in agreement.jobs if job.when is None),
        conditions=tuple((job.name, condition_of(job.when, rate)) for job in agreement.jobs if job.when is not None),
        replace=0 if agreement.replace_s is None else round(agreement.replace_s * rate),
        permits=permits_of(scenario),
        report=0 if agreement.report_s is None else max(round(agreement.report_s * rate), 1),
    )
