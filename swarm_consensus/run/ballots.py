"""What the robots of a run kept of decisions among liars, read from their disks: ``swarm decisions``.

Everything is checked anew, by the public keys of the members alone: a decision that no quorum signed and a proof that
proves nothing are told as such. Whoever reads this need trust none of the robots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from swarm_consensus.agreement.byzantine.messages import Decision, Rules
from swarm_consensus.agreement.byzantine.votes import Conflict, Poll, Vote, is_proof
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.quorum import byzantine_quorum
from swarm_consensus.errors import InputError
from swarm_consensus.robot.decisions import file_of, read_ballot
from swarm_consensus.robot.seats import Ballot, Question, spell
from swarm_consensus.run.disks import FOLDER, FolderDisk
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.decisions import question_of
from swarm_consensus.simulation.roster import robot_names


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a robot keeps of a decision."""

    decision: str
    robot: str  # who keeps it
    what: str  # in words
    sound: bool  # it proves what it says


def read_decisions(folder: str | Path) -> list[Row]:
    """Return what the robots of a run folder keep: for each decision and robot the value, then who lied.

    Raises
    ------
    InputError
        If it is no run folder, or its robots decided nothing.
    StorageError
        If a robot's file is not what it wrote.
    """
    folder = Path(folder)
    if not (folder / "world.yaml").is_file():
        raise InputError([f"{folder}: no run folder, world.yaml is missing"])
    scenario = load(folder / "world.yaml")
    names = robot_names(scenario)
    if not scenario.decisions:
        raise InputError([f"{folder}: the robots of this run decided nothing; a world with a section decisions does"])
    rows = []
    for decision in scenario.decisions:
        question = question_of(scenario, decision)
        for robot in names:
            path = folder / FOLDER / robot / file_of(decision.name)
            try:
                ballot = read_ballot(FolderDisk(folder / FOLDER / robot).load(file_of(decision.name)))
            except StorageError as error:
                raise StorageError(f"{path}: {error}") from None
            rows += [] if ballot is None else [*_rows(question, robot, names, ballot)]
    return rows


def _rows(question: Question, robot: str, names: list[str], ballot: Ballot) -> Iterator[Row]:
    decision = ballot.saved.decision
    if decision is None:
        yield Row(question.name, robot, f"nothing decided, in view {ballot.saved.view}", True)
    else:
        signed = ", ".join(_name(question, names, vote) for vote in decision.votes)
        view = decision.votes[0].view if decision.votes else 0
        words = f"decided {spell(decision.value)} in view {view}, signed by {signed}"
        yield Row(question.name, robot, words, is_signed_by_quorum(question, decision))
    for conflict in ballot.conflicts:
        yield Row(question.name, robot, _lie(question, names, conflict), is_proof(conflict, question.ring))


def is_signed_by_quorum(question: Question, decision: Decision) -> bool:
    """Tell whether a decision proves itself."""
    count = len(question.members)
    rules = Rules(count, byzantine_quorum(count, question.liars), Poll(question.instance, question.ring).is_sound)
    return rules.is_decision(decision)


def _lie(question: Question, names: list[str], conflict: Conflict) -> str:
    one, other = conflict.one, conflict.other
    what = f"{one.kind} votes in view {one.view}"
    return f"{_name(question, names, one)} signed two {what}, for {one.digest.hex()[:8]} and {other.digest.hex()[:8]}"


def _name(question: Question, names: list[str], vote: Vote) -> str:
    known = vote.member < len(question.members)
    return names[question.members[vote.member]] if known else f"member {vote.member}"


def decisions_table(rows: list[Row]) -> Table:
    """Return one row for each thing that is kept."""
    shown = Table("decision", "kept by", "what", "")
    for row in rows:
        shown.add_row(
            row.decision, escape(row.robot), escape(row.what), "proven" if row.sound else "[bold red]PROVES NOTHING[/]"
        )
    return shown
