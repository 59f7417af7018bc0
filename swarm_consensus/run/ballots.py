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
from swarm_consensus.agreement.byzantine.votes import Conflict, KeyRing, Poll, Vote, is_proof
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.quorum import byzantine_quorum
from swarm_consensus.errors import InputError
from swarm_consensus.robot.decisions import file_of, read_ballot
from swarm_consensus.robot.seats import Ballot, Question, spell
from swarm_consensus.run.disks import FOLDER, FolderDisk
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.decisions import question_of, ring_of
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
        reader = Reader(question_of(scenario, decision), ring_of(scenario, decision), names)
        for robot in names:
            path = folder / FOLDER / robot / file_of(decision.name)
            try:
                ballot = read_ballot(FolderDisk(folder / FOLDER / robot).load(file_of(decision.name)))
            except StorageError as error:
                raise StorageError(f"{path}: {error}") from None
            rows += [] if ballot is None else [*reader.rows(robot, ballot)]
    return rows


@dataclass(frozen=True, slots=True)
class Reader:
    """Checks what robots keep of one decision, and says it in words."""

    question: Question
    ring: KeyRing
    names: list[str]  # the roster

    def rows(self, robot: str, ballot: Ballot) -> Iterator[Row]:
        """Return what a robot keeps."""
        name, decision = self.question.name, ballot.saved.decision
        if decision is None:
            yield Row(name, robot, f"nothing decided, in view {ballot.saved.view}", True)
        else:
            signed = ", ".join(map(self.member, decision.votes))
            view = decision.votes[0].view if decision.votes else 0
            words = f"decided {spell(decision.value)} in view {view}, signed by {signed}"
            yield Row(name, robot, words, self.is_signed_by_quorum(decision))
        for conflict in ballot.conflicts:
            yield Row(name, robot, self.lie(conflict), is_proof(conflict, self.ring))

    def is_signed_by_quorum(self, decision: Decision) -> bool:
        """Tell whether a decision proves itself."""
        question, count = self.question, len(self.question.members)
        is_sound = Poll(question.instance, self.ring).is_sound
        return Rules(count, byzantine_quorum(count, question.liars), is_sound).is_decision(decision)

    def lie(self, conflict: Conflict) -> str:
        """Say what two votes prove."""
        one, other = conflict.one, conflict.other
        what = f"two {one.kind} votes in view {one.view}"
        return f"{self.member(one)} signed {what}, for {one.digest.hex()[:8]} and {other.digest.hex()[:8]}"

    def member(self, vote: Vote) -> str:
        """Return the name of who signed a vote, as it says."""
        known = vote.member < len(self.question.members)
        return self.names[self.question.members[vote.member]] if known else f"member {vote.member}"


def decisions_table(rows: list[Row]) -> Table:
    """Return one row for each thing that is kept."""
    shown = Table("decision", "kept by", "what", "")
    for row in rows:
        shown.add_row(
            row.decision, escape(row.robot), escape(row.what), "proven" if row.sound else "[bold red]PROVES NOTHING[/]"
        )
    return shown
