"""What a robot says in one tick, put together so that it fits into a frame.

The beacon goes always, and with it values, which come each tick in bounded size. Then the behaviour's note and what is
said of choices; where both are too long they go in turns. Claims of links, sightings and the mesh share what is left.
"""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from swarm_consensus.network.frame import ROOM, Frame, Note, encode, packed
from swarm_consensus.network.mesh_parts import AROUND, FRAGMENT, WIDEST
from swarm_consensus.robot.neighbours import Neighbours
from swarm_consensus.robot.sharing import Sharing

WORDS = 720  # bytes, the most that a behaviour may say in a frame: beacon, sightings and values need the rest
PARCEL = FRAGMENT + WIDEST + AROUND  # bytes that a parcel of the mesh may need
_MANY = 2  # bytes that msgpack spends on the length of a list of more than 15 messages


class Speech:
    """One frame while it is written.

    Parameters
    ----------
    beacon
        The frame without messages.
    """

    def __init__(self, beacon: Frame) -> None:
        self._beacon = beacon
        self._messages: list[Raw] = []
        self.left = ROOM - len(encode(beacon)) - _MANY  # bytes for more

    def add(self, messages: tuple[Raw, ...]) -> None:
        """Say these, which fit."""
        self._messages += messages
        self.left -= sum(map(len, messages))

    def offer(self, messages: tuple[Raw, ...], spare: int = 0) -> None:
        """Say these, if they leave so many bytes to spare."""
        if sum(map(len, messages)) + spare <= self.left:
            self.add(messages)

    def frame(self) -> bytes:
        """Return the bytes for the radio."""
        return encode(replace(self._beacon, messages=tuple(self._messages)))


def say(
    beacon: Frame,
    always: tuple[Raw, ...],
    turns: tuple[tuple[Raw, ...], tuple[Raw, ...]],
    neighbours: Neighbours,
    sharing: Sharing,
) -> bytes:
    """Return this tick's frame.

    Parameters
    ----------
    beacon
        The frame without messages.
    always
        What is said whatever else there is; together with the beacon it fits.
    turns
        Two things of which each fits together with that; if only one fits it is the first in every second frame.
    neighbours
        For second-hand news of positions and links.
    sharing
        For what goes over the mesh, chunks of bundles, and answers to ground stations.
    """
    speech = Speech(beacon)
    speech.add(always)
    for each in turns[:: 1 if beacon.sequence % 2 else -1]:
        speech.offer(each)
    speech.offer(sharing.answers())
    speech.add(sharing.efforts())
    sightings = neighbours.sightings()
    if speech.left >= neighbours.link_state.longest + sum(map(len, sightings)):
        speech.add(neighbours.link_state.claims())
    # where the mesh has too little room, sightings give way in every second frame
    cramped = sharing.waits and beacon.sequence % 2
    speech.offer(sightings, spare=PARCEL if cramped else 0)
    speech.add(sharing.take(speech.left))
    return speech.frame()


def note(topic: str, words: bytes | None) -> tuple[Raw, ...]:
    """Return what a behaviour says as a message; nothing if it is too long, rather than lose the beacon."""
    return () if words is None or len(words) > WORDS else (packed(Note(topic, Raw(words))),)
