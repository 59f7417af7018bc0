"""The last thing before the radio and the first behind it: frames are sealed, and only what is proven comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from swarm_consensus.network import seal
from swarm_consensus.network.frame import Frame, FrameError, decode
from swarm_consensus.network.keys import KeyFault
from swarm_consensus.network.replay import Marks, Shelf
from swarm_consensus.network.seal import REASONS, Opener, Sealer, SealError
from swarm_consensus.robot.identity import Secrets, Trust

NOBODY = -1  # place in the roster of who is no robot


class Air:
    """One robot's seals.

    Parameters
    ----------
    own
        Its place in the roster.
    trust
        Whom it trusts; None: anybody.
    secrets
        What it alone knows.

    Raises
    ------
    KeyFault
        If frames are to be sealed and there is nothing to seal them with.
    """

    def __init__(self, own: int, trust: Trust | None, secrets: Secrets | None) -> None:
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None
        if trust is None or trust.seal == "none":
            return
        if secrets is None:
            raise KeyFault(f"frames are sealed by '{trust.seal}', and this robot was given no key")
        prove = (
            seal.by_identity(secrets.key, trust.swarm)
            if trust.seal == "identity"
            else seal.by_group(secrets.group, trust.swarm)
        )
        self._sealer = Sealer(own, secrets.epoch, trust.seal, prove)
        self._opener = opener(own, trust, secrets.group, secrets.shelf)

    @property
    def counts(self) -> Mapping[str, int]:
        """Packets refused since the start, by cause."""
        return dict.fromkeys(REASONS, 0) if self._opener is None else self._opener.counts

    @property
    def refused(self) -> int:
        """Packets refused since the start."""
        return 0 if self._opener is None else sum(self._opener.counts.values())

    def seal(self, frame: bytes) -> bytes:
        """Return what goes over the air for a frame."""
        return frame if self._sealer is None else self._sealer.seal(frame)

    def open(self, packets: Sequence[bytes], now: int) -> tuple[Sequence[bytes], Sequence[int] | None]:
        """Return the frames in what was heard, without those that are not proven, and who each is from.

        Parameters
        ----------
        packets
            As they came from the radio: anything at all.
        now
            Of this robot's clock, s since 1970; only the expiry of keys looks at it.

        Returns
        -------
        frames, senders
            Senders are places in the roster; None: nothing is proven.
        """
        if self._opener is None:
            return packets, None
        frames, senders = [], []
        for packet in packets:
            try:
                opened = self._opener.open(bytes(packet), now)
            except SealError:
                continue  # it is counted
            frames.append(opened.data)
            senders.append(opened.sender)
        return frames, senders


def refusals(*counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return what was refused by cause, over several counts, in the order of the causes' names."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return tuple(sorted((cause, count) for cause, count in total.items() if count))


class Ears:
    """What opens frames on the ground, for who is no robot and says nothing.

    Parameters
    ----------
    trust
        Whom it trusts; None: anybody.
    group
        Key of the group, where frames are sealed for it.
    shelf
        Of its replay marks.
    """

    def __init__(self, trust: Trust | None, group: bytes, shelf: Shelf) -> None:
        sealed = trust is not None and trust.seal != "none"
        self._opener = opener(NOBODY, trust, group, shelf) if trust is not None and sealed else None

    def frame(self, packet: bytes, now: int = 0) -> Frame | None:
        """Return the frame in a packet, or None if there is none that is proven."""
        try:
            return decode(packet) if self._opener is None else self._opener.frame(packet, now)
        except (SealError, FrameError):
            return None


def opener(own: int, trust: Trust, group: bytes, shelf: Shelf) -> Opener:
    """Return what opens the frames of a swarm."""
    assert trust.seal != "none"
    check = seal.checks_identity(trust.swarm) if trust.seal == "identity" else seal.checks_group(group, trust.swarm)
    return Opener(own, trust.seal, dict(enumerate(trust.roster)), check, Marks(shelf))
