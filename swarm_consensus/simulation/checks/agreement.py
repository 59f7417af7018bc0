"""The log: that its voters exist, that its settings fit together, and that what is expected of it can be judged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.errors import InputError, nearest
from swarm_consensus.simulation.agreement import mesh_of, settings_of, times_of, voters_of
from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.roster import members, robot_names
from swarm_consensus.simulation.scenario import Agreement, Scenario, When

MOST = 7  # voters: each more costs messages, and a majority of 7 stands three crashes
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_JUDGED = ("jobs_within_s", "job_effects", "one_log", "minority_commits", "commits_at_least", "resumes_within_s")


def agreement_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the log, and with what is expected of it."""
    agreement, expect = scenario.agreement, scenario.expect
    if agreement is None:
        for field in _JUDGED:
            if getattr(expect, field) not in (None, {}):
                yield f"expect.{field} is given, but agreement, the log that it judges, is missing"
        return
    yield from _voter_problems(agreement, robot_names(scenario))
    yield from _setting_problems(scenario, agreement)
    yield from _job_problems(scenario, agreement)
    if expect.jobs_within_s is not None and not agreement.jobs:
        yield "expect.jobs_within_s is given, but agreement.jobs is missing: there is nothing to be done"
    if expect.resumes_within_s is not None and agreement.report_s is None:
        yield "expect.resumes_within_s is given, but agreement.report_s is missing: nobody would write into the log"
    yield from _replacement_problems(scenario, agreement)
    jobs = [job.name for job in agreement.jobs]
    for name in expect.job_effects:
        if name not in jobs:
            yield f"expect.job_effects names '{name}', which is none of agreement.jobs{nearest(name, jobs)}"


def _voter_problems(agreement: Agreement, names: list[str]) -> Iterator[str]:
    voters: list[str] = []
    if agreement.voters == []:
        yield "agreement.voters is empty, must name at least 1 robot; left out, the first five of the roster decide"
    for label in agreement.voters or ():
        yield from label_problems("agreement.voters", label, names)
        voters += members(label, names)
    for name in sorted({name for name in voters if voters.count(name) > 1}):
        yield f"agreement.voters has '{name}' {voters.count(name)} times, must be once"
    if len(voters) > MOST:
        yield f"agreement.voters names {len(voters)} robots, must be at most {MOST}; the others learn all the same"


def _replacement_problems(scenario: Scenario, agreement: Agreement) -> Iterator[str]:
    if agreement.replace_s is None:
        return
    names, expect = robot_names(scenario), scenario.expect
    if agreement.replace_s < 2 * agreement.election_s:
        least = f"{2 * agreement.election_s:g} s, two elections, or who is only late is replaced"
        yield f"agreement.replace_s is {agreement.replace_s:g}, must be at least {least}"
    if len(voters_of(agreement, names)) == len(names):
        yield "agreement.replace_s is given, but all robots vote: nobody is there to take a voter's place"
    for field in ("minority_commits", "resumes_within_s"):
        if getattr(expect, field) is not None:
            yield f"expect.{field} is judged by who votes at first, and agreement.replace_s changes that; leave one out"


def _job_problems(scenario: Scenario, agreement: Agreement) -> Iterator[str]:
    names = [job.name for job in agreement.jobs]
    for index, job in enumerate(agreement.jobs):
        path = f"agreement.jobs[{index}]"
        if not _NAME.fullmatch(job.name):
            yield f"{path}.name is {job.name!r}, must be up to 32 lower-case letters, digits and _, a letter first"
        if names.index(job.name) != index:
            yield f"{path}.name is {job.name!r}, which agreement.jobs[{names.index(job.name)}] has already"
        if sum(each is not None for each in (job.every_s, job.schedule, job.when)) != 1:
            yield f"{path} must have one of every_s, schedule and when, which says when it is due"
        elif job.when is not None:
            yield from _condition_problems(scenario, job.when, f"{path}.when")
        elif job.schedule is not None:
            try:
                times_of(job)
            except SettingsError as error:
                yield from (f"{path}.schedule can't be kept: {problem}" for problem in error.problems)


def _condition_problems(scenario: Scenario, when: When, path: str) -> Iterator[str]:
    names = [quantity.name for quantity in scenario.quantities]
    if when.quantity not in names:
        yield f"{path}.quantity is '{when.quantity}', which is none of quantities{nearest(when.quantity, names)}"
    elif scenario.quantities[names.index(when.quantity)].source == "position":
        yield f"{path}.quantity is '{when.quantity}', a position, must be a single number to be above anything"


def _setting_problems(scenario: Scenario, agreement: Agreement) -> Iterator[str]:
    rate = scenario.control.rate_hz
    try:
        settings_of(agreement, rate).validate()
    except SettingsError as error:
        for problem in error.problems:
            yield f"agreement has times that can't work, in ticks of 1/{rate} s: {problem}"
    try:
        mesh_of(scenario, agreement).validate()
    except InputError as error:
        for problem in error.problems:
            yield f"agreement.budget_bytes_s or radio.delay_s can't work: {problem}"
