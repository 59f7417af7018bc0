"""What stands by itself and answers robots: where jobs take effect, and docks that arbitrate alone.

A device is no member of the swarm: it seals no frames, keeps no epoch and hears no beacon. It has a key like a robot,
and where frames are sealed each of its answers ends with its signature. An answer needs no counter against replays: it
names what it answers, so that a copy of it says again what was true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from swarm_consensus.network.keys import SIGNATURE, PrivateKey
from swarm_consensus.robot.identity import Trust

EXECUTOR = "executor"  # name of the key of where jobs take effect
PURPOSE = b"swarm device"
Voice: TypeAlias = Callable[[bytes], bytes]  # from what a device answers to what goes over the air


def plain(answer: bytes) -> bytes:
    """Return an answer as it is, where frames are not sealed."""
    return answer


def voice(key: PrivateKey, swarm: bytes) -> Voice:
    """Return what signs a device's answers.

    Parameters
    ----------
    key
        The device's.
    swarm
        For which swarm.
    """
    purpose = PURPOSE + swarm
    return lambda answer: answer + key.sign(purpose, answer)


class Devices:
    """One robot's ears for devices: where frames are sealed, only what is signed by their keys comes in.

    Parameters
    ----------
    trust
        Whom it trusts; None: anybody.
    """

    def __init__(self, trust: Trust | None = None) -> None:
        self._sealed = trust is not None and trust.seal != "none"
        self._known = {} if trust is None else dict(trust.devices)
        self._purpose = PURPOSE + (b"" if trust is None else trust.swarm)
        self.refused: Counter[str] = Counter()  # answers, by cause

    def heard(self, who: str, packet: bytes, now: int) -> bytes | None:
        """Return what a device answered, or None if it is not proven that it did.

        Parameters
        ----------
        who
            Name of the device.
        packet
            As it came from the radio: anything at all.
        now
            Of this robot's clock, s since 1970; only the expiry of keys looks at it.
        """
        if not self._sealed:
            return packet
        known = self._known.get(who)
        cut = max(len(packet) - SIGNATURE, 0)
        if known is None:
            cause = "stranger"
        elif known.expires and now >= known.expires:
            cause = "expired"
        elif not known.key.verify(self._purpose, packet[:cut], packet[cut:]):
            cause = "forged"
        else:
            return packet[:cut]
        self.refused[cause] += 1
        return None
