"""What a robot says in one tick, put together so that it fits into a frame.

The beacon goes always, and with it what comes each tick in bounded size: values and the behaviour's note. Claims of
links, sightings and the mesh share what is left.
"""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from swarm_consensus.network.frame import ROOM, Frame, Note, encode, packed
from swarm_consensus.network.mesh_parts import AROUND, FRAGMENT, WIDEST
from swarm_consensus.robot.facts import Facts
from swarm_consensus.robot.link_state import LONGEST as CLAIMS
from swarm_consensus.robot.neighbours import Neighbours

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


def say(beacon: Frame, always: tuple[Raw, ...], neighbours: Neighbours, facts: Facts | None) -> bytes:
    """Return this tick's frame.

    Parameters
    ----------
    beacon
        The frame without messages.
    always
        What is said whatever else there is; together with the beacon it fits.
    neighbours
        For second-hand news of positions and links.
    facts
        For what goes over the mesh.
    """
    speech = Speech(beacon)
    speech.add(always)
    if facts is not None:
        speech.add(facts.efforts())
    sightings = neighbours.sightings()
    if speech.left >= CLAIMS + sum(map(len, sightings)):
        speech.add(neighbours.link_state.claims())
    # where the mesh has too little room, sightings give way in every second frame
    cramped = facts is not None and facts.mesh.waits and beacon.sequence % 2
    speech.offer(sightings, spare=PARCEL if cramped else 0)
    if facts is not None:
        speech.add(facts.take(speech.left))
    return speech.frame()


def note(topic: str, words: bytes | None) -> tuple[Raw, ...]:
    """Return what a behaviour says as a message; nothing if it is too long, rather than lose the beacon."""
    return () if words is None or len(words) > WORDS else (packed(Note(topic, Raw(words))),)
