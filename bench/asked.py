"""What it costs a robot to be asked for its log: one answer, the most that it gives in a second, and a whole log."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from timing import best

from swarm_consensus.agreement.asking import Part, Question, pack_question
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Entry, Saved, Snapshot, Vote
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.raft.state import State
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.robot.teller import ANSWERS_S, Teller
from swarm_consensus.run.asker import Asker

KEY = PrivateKey(b"k" * 32)
ENTRIES, SMALL = 256, 40  # entries between two snapshots; bytes of a usual one
STATE = 1_500_000  # bytes of a snapshot with a full journal of rulings


def robot(state: int) -> Teller:
    """Return a robot with entries behind a snapshot of so many bytes."""
    entries = tuple(Entry(1, COMMAND, bytes(SMALL)) for _ in range(ENTRIES))
    found = State(0, Settings(), Saved(Vote(1), Snapshot(9, 1, members([0, 1, 2]), bytes(state)), entries))
    return Teller(0, lambda: found, lambda: [bytes(150)] * 1000, KEY, b"bench")


def answer(part: Part, place: int) -> Callable[[], object]:
    """Return what answers one question a second."""
    teller, question, now = robot(STATE), pack_question(Question(1, 0, part, place)), 0.0

    def once() -> object:
        nonlocal now
        now += 1.0
        return teller.hear(question, now)

    return once


def pages(state: int) -> tuple[int, int]:
    """Return how many pages, and bytes, a whole log takes."""
    teller, asker, sizes = robot(state), Asker(0, "log", 0, lambda _, __: True), []
    while not asker.done:
        question = asker.due(0.0)
        page = None if question is None else teller.hear(question, float(len(sizes)))
        if page is not None:
            sizes.append(len(page))
            asker.hear(page, 0.0)
    return len(sizes), sum(sizes)


def main() -> None:
    """Print the table."""
    table = Table("what", "measured", title="Robots that are asked")
    costs: dict[str, float] = {}
    for name, part, place in (("entries", "log", 10), ("a snapshot", "state", 0), ("the journal", "journal", 0)):
        costs[name] = best(answer(part, place), 300)  # type: ignore[arg-type]
        table.add_row(f"a page of {name}, signed", f"{costs[name]:.0f} us")
    full = best(lambda: robot(STATE).hear(pack_question(Question(1, 0, "state", 0)), 0.0), 10)
    table.add_row(
        f"a snapshot of {STATE / 1e6:g} MB packed, once for each, with its first page", f"{full / 1e3:.1f} ms"
    )
    share = max(costs.values()) * ANSWERS_S / 1e4
    table.add_row(f"{ANSWERS_S:g} pages, the most in a second, without what ROS takes", f"{share:.2f} % of a core")
    teller = robot(0)
    table.add_row("60 bytes of rubbish", f"{best(lambda: teller.hear(bytes(60), 0.0), 3000):.1f} us")
    for state in (2_000, STATE):
        count, size = pages(state)
        what = f"{ENTRIES} entries behind a snapshot of {state / 1e3:g} kB"
        table.add_row(what, f"{count} pages, {size / 1e3:.0f} kB, {count / ANSWERS_S:.1f} s at the least")
    Console().print(table)


if __name__ == "__main__":
    main()
