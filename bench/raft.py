"""The log's core and Merkle trees: time per commit, split votes, how long a dead leader is missed, proofs."""

from __future__ import annotations

import statistics
import time

import numpy as np
from rich.console import Console
from rich.table import Table
from timing import best

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Message, Saved, Snapshot, Vote
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.network.merkle import MerkleTree, verify_consistency, verify_inclusion

ROUNDS = 7
COMMITS = 2000
ELECTIONS = 4000
DEATHS = 300
LEAVES = 1_000_000
# P(third of four timeouts within l of the first) = 6 l^2 - 8 l^3 + 3 l^4: the dissertation's .06, 5.2 and 18.1 %
SPLIT = {10: 0.0592, 100: 5.23, 200: 18.08}


def nodes(count: int, settings: Settings, kind: type[Node] = Node, seed: int = 0) -> list[Node]:
    """Return members that have just started."""
    beginning = Saved(Vote(0), Snapshot(0, 0, members(range(count))))
    return [kind(number, settings, beginning, np.random.default_rng([seed, number])) for number in range(count)]


def drain(node: Node, post: list[Message]) -> None:
    """Take everything out of a node; nothing is stored."""
    while ready := node.ready():
        post += ready.messages
        node.advance()


def settle(group: list[Node], post: list[Message]) -> None:
    """Let all messages arrive at once, and what they cause."""
    while post:
        due, post[:] = post[:], []
        for message in due:
            group[message.to].step(message)
        for number in {message.to for message in due}:
            drain(group[number], post)


def led(settings: Settings) -> list[Node]:
    """Return five members of which one has been elected."""
    group = nodes(5, settings)
    post: list[Message] = []
    while not any(node.lead for node in group):
        for node in group:
            node.tick()
            drain(node, post)
        settle(group, post)
    return group


def commit_time(together: int) -> float:
    """Processor time per commit with so many commands proposed at once, us: median of the rounds."""
    group = led(Settings())
    post: list[Message] = []
    leader = next(node for node in group if node.lead)
    times = []
    for _ in range(ROUNDS):
        before, began = leader.state.log.commit, time.process_time_ns()
        for _ in range(COMMITS // together):
            for _ in range(together):
                leader.propose(b"some command of a robot")
            drain(leader, post)
            settle(group, post)
        took = (time.process_time_ns() - began) / 1e3
        assert leader.state.log.commit - before == COMMITS // together * together
        assert {node.state.log.commit for node in group} == {leader.state.log.commit}
        times.append(took / (leader.state.log.commit - before))
        for node in group:
            node.compact(b"")
            drain(node, post)
    return statistics.median(times)


class Hasty(Node):
    """Stands without asking first, as in the dissertation's evaluation."""

    def _stand(self, pre: bool, forced: bool) -> None:
        super()._stand(pre=False, forced=forced)


def is_split(latency: int, seed: int, kind: type[Node]) -> bool:
    """Tell whether the first election after a leader's death elects nobody."""
    settings = Settings(election_ticks=1000, heartbeat_ticks=10, lease_reads=False)
    group = nodes(5, settings, kind, seed)[:4]
    arriving: dict[int, list[Message]] = {}
    now, end = 0, 2000 + 6 * latency
    while now < end:
        now += 1
        for node in group:
            node.tick()
        for message in arriving.pop(now, []):
            if message.to < 4:
                group[message.to].step(message)
        for node in group:
            if node.state.outbox:
                sent: list[Message] = []
                drain(node, sent)
                arriving.setdefault(now + latency, []).extend(sent)
                end = min(end, now + (3 if kind is Hasty else 5) * latency + 1) if end >= 2000 else end
        if any(node.lead for node in group):
            return False
    return True


def split_rate(latency: int, kind: type[Node]) -> float:
    """Share of elections that elect nobody at first, per cent."""
    return 100 * sum(is_split(latency, seed, kind) for seed in range(ELECTIONS)) / ELECTIONS


def silence(seed: int) -> int:
    """Ticks from a leader's death to the next commit; each message takes a tick."""
    rng = np.random.default_rng(seed)
    group = nodes(5, Settings(), seed=seed)
    post: list[Message] = []
    later: list[Message] = []
    dead, died, now = None, 0, 0
    while True:
        now += 1
        for message in later:
            if message.to != dead:
                group[message.to].step(message)
        later = []
        for node in group:
            if node.state.own != dead:
                node.tick()
                drain(node, post)
        later, post = post, []
        leader = next((node for node in group if node.lead and node.state.own != dead), None)
        if dead is None and leader and leader.state.log.commit and now > 60 + rng.integers(0, 4):
            dead, died = leader.state.own, now
        elif dead is not None and leader and leader.lead and leader.lead.is_established:
            return now - died


def merkle_rows(table: Table) -> None:
    """Add what a tree of a million entries takes; medians over places drawn at random."""
    began = time.perf_counter()
    tree = MerkleTree(number.to_bytes(8, "big") for number in range(LEAVES))
    table.add_row("append", f"{1e6 * (time.perf_counter() - began) / LEAVES:.2f} us", "")
    rng, root = np.random.default_rng(0), tree.root()
    places = rng.integers(0, LEAVES, 200).tolist()
    longest = max(len(tree.inclusion(place)) for place in places)
    table.add_row("longest of 200 proofs", f"{longest} hashes", "21")
    proofs = {place: (tree.leaf(place), tree.inclusion(place)) for place in places}
    made = [best(lambda place=place: tree.inclusion(place), 5) for place in places]  # type: ignore[misc]
    table.add_row("make a proof of inclusion", f"{statistics.median(made):.1f} us", "1000")
    checked = [
        best(lambda p=place, f=found: verify_inclusion(p, LEAVES, f[0], f[1], root), 5)  # type: ignore[misc]
        for place, found in proofs.items()
    ]
    table.add_row("verify it", f"{statistics.median(checked):.1f} us", "100")
    grown = [best(lambda place=place: tree.consistency(place), 5) for place in places]  # type: ignore[misc]
    table.add_row("make a proof of consistency", f"{statistics.median(grown):.1f} us", "1000")
    older = {place: (tree.root(place), tree.consistency(place)) for place in places}
    checked = [
        best(lambda p=place, f=found: verify_consistency(p, LEAVES, f[0], root, f[1]), 5)  # type: ignore[misc]
        for place, found in older.items()
    ]
    table.add_row("verify it", f"{statistics.median(checked):.1f} us", "100")


def main() -> None:
    """Print the tables."""
    console = Console()
    table = Table("what", "measured", "target", title="Raft: five nodes in one thread, nothing stored")
    for together in (1, 8, 64):
        table.add_row(f"commit, {together} proposed at once", f"{commit_time(together):.0f} us", "50")
    waits = sorted(silence(seed) for seed in range(DEATHS))
    middle, late = waits[DEATHS // 2], waits[int(0.99 * DEATHS)]
    words = f"median {middle}, p99 {late}, longest {waits[-1]}"
    table.add_row(f"ticks from a leader's death to the next commit, {DEATHS} deaths", words, "40")
    console.print(table)
    table = Table("latency / spread of patience", "as in the dissertation", "expected", "3 sigma", "with pre-votes")
    for latency, expected in SPLIT.items():
        sigma = (expected * (100 - expected) / ELECTIONS) ** 0.5
        measured, ours = split_rate(latency, Hasty), split_rate(latency, Node)
        table.add_row(
            f"{latency / 1000}", f"{measured:.2f} %", f"{expected:.2f} %", f"{3 * sigma:.2f} %", f"{ours:.2f} %"
        )
    table.title = f"Split votes, {ELECTIONS} elections each"
    console.print(table)
    table = Table("what", "measured", "target", title=f"Merkle tree of {LEAVES:,} entries")
    merkle_rows(table)
    console.print(table)


if __name__ == "__main__":
    main()
