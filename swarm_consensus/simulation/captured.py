"""Captured robots: what they do in place of what a robot should, with their own keys and nobody else's.

The robot's code has no line that lies. What takes a captured robot's part in a decision, or in the spreading of a
bundle, is put into its orders from here; in all else, and in how it moves, it is a robot like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from swarm_consensus.agreement.byzantine.messages import Decision, Prepare, Proposal
from swarm_consensus.agreement.byzantine.votes import Conflict, Vote, digest_of
from swarm_consensus.network.spreading import Chunk, Message, Transfer
from swarm_consensus.robot.seats import Ask, Ballot, Chair, Said, Witness, Word, decider


@dataclass(frozen=True, slots=True)
class Plot:
    """What captured robots are up to, all of one mind."""

    values: tuple[bytes, ...]  # one for each side
    side: Mapping[int, int]  # of each honest member, by place in the roster


class Traitor:
    """Two members with one key, each for its own value, of which each honest robot hears one only.

    Neither of the two knows of the value of the other: so both sides get a vote for theirs from every captured robot.
    After S. Bano et al., "Twins: BFT systems made robust", OPODIS 2021; see `agreement.simulator.liars.Twins`. It
    forgets in a crash what it said.
    """

    def __init__(self, plot: Plot, chair: Chair) -> None:
        self._plot, self._roster = plot, chair.question.members
        self._faces = [decider(chair, value, None) for value in plot.values]
        self._digests = [digest_of(value) for value in plot.values]

    @property
    def conflicts(self) -> Mapping[int, Conflict]:
        """None: it tells on nobody."""
        return {}

    @property
    def decision(self) -> Decision | None:
        """What one of the two knows of."""
        return next((face.decision for face in self._faces if face.decision), None)

    @property
    def view(self) -> int:
        """The newest view."""
        return max(face.view for face in self._faces)

    def hear(self, origin: int, word: Word) -> None:
        """Let those hear it who should."""
        if isinstance(word, Ask | Witness):
            return
        about = (
            word.digest if isinstance(word, Vote) else word.vote.digest if isinstance(word, Prepare | Proposal) else b""
        )
        for number, face in enumerate(self._faces):
            if about not in self._digests or about == self._digests[number]:
                face.step(word)

    def tick(self) -> None:
        """Let time pass for both."""
        for face in self._faces:
            face.tick()

    def ready(self) -> tuple[Ballot | None, list[Said]]:
        """Return what each says to its side, and to the accomplices."""
        said: list[Said] = []
        for number, face in enumerate(self._faces):
            for letter in face.ready()[1]:
                to = self._roster[letter.to]
                if self._plot.side.get(to, number) == number:
                    said.append(((to,), letter.message))
        return None, said


class Corrupter(Transfer):
    """Spreads a bundle, with one bit of each chunk altered."""

    def tick(self, serves: bool = True) -> list[Message]:
        """Let a tick pass; return what is to be sent."""
        return [_altered(message) if isinstance(message, Chunk) else message for message in super().tick(serves)]


def _altered(chunk: Chunk) -> Chunk:
    place = chunk.index % len(chunk.data)
    data = bytearray(chunk.data)
    data[place] ^= 1
    return msgspec.structs.replace(chunk, data=bytes(data))
