"""Transcripts: what members say to each other in a few situations, reviewed as text.

Each scene below gives the file of its name in `transcripts/`. After a change that is meant, `python
test/agreement/test_transcripts.py` writes them anew; the difference is for a human to read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Message
from swarm_consensus.agreement.sessions import Open, pack
from swarm_consensus.agreement.simulator.stage import Stage

FOLDER = Path(__file__).parent / "transcripts"


class Recorded(Stage):
    lines: list[str]

    def say(self, words: str) -> None:
        self.lines = [*getattr(self, "lines", []), f"# {words}"]

    def deliver(self, message: Message) -> None:
        fields = msgspec.structs.asdict(message)
        head = f"{fields.pop('sender')} -> {fields.pop('to')} {type(message).__name__}"
        entries = fields.get("entries")
        if entries:
            fields["entries"] = [f"{entry.term}:{'-=*'[entry.kind]}" for entry in entries]
        for name in ("data", "digest"):
            if name in fields:
                fields[name] = f"{len(fields[name])} bytes"
        self.lines.append(head + "".join(f" {name}={value}" for name, value in fields.items()))
        super().deliver(message)

    def show(self) -> None:
        for number in self.everybody:
            state = self.node(number).state
            log = " ".join(str(state.log.term_at(k)) for k in range(state.log.base + 1, state.log.last + 1))
            role = "leads" if self.node(number).lead else "follows"
            rest = f"from {state.log.base + 1}, committed {state.log.commit}"
            self.lines.append(f"  {number} {role} in term {state.term}: [{log}] {rest}")


def election() -> Recorded:
    stage = Recorded(range(3))
    stage.say("member 0 loses patience first; a round of pre-votes, one of votes, then the no-op")
    stage.tick(1, 2, times=10)
    stage.tick(0, times=19)
    stage.flow(0, 1, 2)
    stage.show()
    return stage


def repair() -> Recorded:
    stage = Recorded(range(3))
    stage.say("member 0 leads and appends what nobody hears of")
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    for _ in range(3):
        stage.propose(0)
    stage.say("member 1 is elected by 2; its no-op conflicts with what 0 has")
    stage.elect(1, 2)
    stage.flow(0, 1, 2)
    stage.tick(1, times=2)
    stage.flow(0, 1, 2)
    stage.show()
    return stage


def snapshot() -> Recorded:
    stage = Recorded(range(3))
    stage.say("member 2 hears nothing while the others commit more than a window of entries and take a snapshot")
    stage.elect(0, 1)
    stage.flow(0, 1)
    for number in range(10):
        stage.propose(0, pack(Open(number)))
        stage.flow(0, 1)
    stage.compact(0)
    stage.lose()
    stage.say("it is heard again: the snapshot comes in pieces of at most 64 bytes")
    for _ in range(2):
        stage.tick(0, times=2)
        stage.flow(0, 2)
    stage.show()
    return stage


def growth() -> Recorded:
    stage = Recorded(range(3), learners=[3])
    stage.say("a learner catches up, then it votes: three of four are needed")
    stage.elect(0, 1, 2)
    stage.flow(*range(4))
    stage.change(0, members(range(4)))
    stage.flow(0, 1)
    stage.show()
    stage.flow(0, 3)
    stage.show()
    return stage


def handover() -> Recorded:
    stage = Recorded(range(3))
    stage.say("member 0 hands over to 1, which asks for votes without asking first")
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.say("the transfer begins")
    stage.node(0).transfer(1)
    stage.pump(0)
    stage.flow(0, 1, 2)
    stage.show()
    return stage


def reading() -> Recorded:
    stage = Recorded(range(3))
    stage.say("a follower reads: the leader answers out of its lease")
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    stage.read(1)
    stage.flow(0, 1, 2)
    stage.say("and again when the lease is over: first a round")
    stage.tick(0, times=8)
    stage.lose()
    stage.read(1)
    stage.flow(0, 1, 2)
    return stage


SCENES: list[Callable[[], Recorded]] = [election, repair, snapshot, growth, handover, reading]


def transcript(scene: Callable[[], Recorded]) -> str:
    return "\n".join(scene().lines) + "\n"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_members_say_what_they_said(scene: Callable[[], Recorded]) -> None:
    assert transcript(scene) == (FOLDER / f"{scene.__name__}.txt").read_text()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in SCENES:
        (FOLDER / f"{each.__name__}.txt").write_text(transcript(each))
