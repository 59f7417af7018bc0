"""Sealed frames: what sealing and opening cost beside the library's own calls, and the load of 20 neighbours."""

from __future__ import annotations

import tempfile
from pathlib import Path

from frames import beacon
from nacl.signing import SigningKey
from rich.console import Console
from rich.table import Table
from timing import best

from swarm_consensus.network import seal
from swarm_consensus.network.frame import encode
from swarm_consensus.network.key_files import MarkFile
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.replay import Marks
from swarm_consensus.network.seal import Identity, Kind, Opener, Sealer

FRAMES = 2000
NEIGHBOURS, RATE = 20, 10  # frames heard: of so many neighbours, so often a second
KEYS = [PrivateKey(bytes((number + 1,)) * 32) for number in range(NEIGHBOURS + 1)]
ROSTER = {number: Identity(key.public) for number, key in enumerate(KEYS)}
SECRET = bytes(range(32))


class NoShelf:
    """Keeps nothing: the time of the disk is shown by itself."""

    def load(self) -> dict[bytes, tuple[int, int]]:
        """Return nothing."""
        return {}

    def save(self, marks: object) -> None:
        """Keep nothing."""


def sealer(sender: int, kind: Kind, epoch: int = 1) -> Sealer:
    """Return a sender."""
    prove = seal.by_identity(KEYS[sender], b"bench") if kind == "identity" else seal.by_group(SECRET, b"bench")
    return Sealer(sender, epoch, kind, prove)


def opener(kind: Kind, marks: Marks) -> Opener:
    """Return receiver 0."""
    check = seal.checks_identity(b"bench") if kind == "identity" else seal.checks_group(SECRET, b"bench")
    return Opener(0, kind, ROSTER, check, marks)


def opening_time(kind: Kind, data: bytes) -> float:
    """Time to open one frame, each a new one, us: the best of the rounds."""
    receiver = opener(kind, Marks(NoShelf()))
    sender = sealer(1, kind)
    sealed = iter([sender.seal(data) for _ in range(7 * FRAMES)])
    return best(lambda: receiver.open(next(sealed), 0), FRAMES)


def load(data: bytes, rounds: int = 50) -> float:
    """Share of a core that takes in the frames of all neighbours, marks on the disk included."""
    with tempfile.TemporaryDirectory() as folder:
        receiver = opener("identity", Marks(MarkFile(Path(folder) / "robot.marks")))
        senders = [sealer(number, "identity") for number in range(1, NEIGHBOURS + 1)]
        for sender in senders:  # each first frame writes a mark: once in a lifetime
            receiver.open(sender.seal(data), 0)
        heard = iter([[sender.seal(data) for sender in senders] for _ in range(7 * rounds)])

        def second() -> None:
            for each in next(heard):
                receiver.open(each, 0)

        return best(second, rounds) * RATE / 1e6


def main() -> None:
    """Print the table."""
    data = encode(beacon(1, 1200, robots=12, news=True))
    key = SigningKey(bytes(32))
    signed = key.sign(data)
    own = best(lambda: key.sign(data), FRAMES), best(lambda: key.verify_key.verify(data, signed.signature), FRAMES)
    table = Table("what", "measured", "target", title=f"A frame of {len(data)} bytes")
    table.add_row("PyNaCl alone: sign, verify", f"{own[0]:.1f} + {own[1]:.1f} us", "")
    for kind in ("identity", "group"):
        sender = sealer(1, kind)
        times = best(lambda sender=sender: sender.seal(data), FRAMES), opening_time(kind, data)  # type: ignore[misc]
        share = f"1.5, is {sum(times) / sum(own):.2f}" if kind == "identity" else f"is {sum(times) / sum(own):.2f}"
        table.add_row(f"{kind}: seal, open", f"{times[0]:.1f} + {times[1]:.1f} us", f"times PyNaCl: {share}")
        table.add_row("  bytes around the frame", f"{len(sender.seal(data)) - len(data)}", "")
    share = 100 * load(data)
    table.add_row(f"identity: {NEIGHBOURS} neighbours at {RATE} Hz, marks on disk", f"{share:.2f} % of a core", "2 %")
    alone = 100 * own[1] * NEIGHBOURS * RATE / 1e6
    table.add_row("  of which PyNaCl's own verification, from above", f"{alone:.2f} %", "")
    Console().print(table)


if __name__ == "__main__":
    main()
