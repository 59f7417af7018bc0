"""The mesh: messages to robots that are many hops away, over frames that only neighbours hear.

It is flooding, held in check in four ways:

- *Once.* A part of a message is taken in once, whatever copies come. The number of a message holds the tick in which
  it was written; older ones than `lifetime` are refused, so what was seen need not be remembered for longer.
- *Towards its goal.* What floods past tells how many hops away its origin is. A message for one robot is passed on
  only by who is nearer to it than who said it, as far as that is known; so it goes by all shortest ways, and by no
  other (a gradient: F. Ye et al., "GRAdient Broadcast", Wireless Networks 11, 2005).
- *Until heard.* Who hears a parcel passed on knows that it arrived, which no message of its own has to say. A parcel
  is said again, at most `tells` times, until all neighbours were heard saying it, or one that is nearer to the goal.
  Who it is for says so with an empty one.
- *Within a budget* of bytes a second. Origins take turns, so that one that has much to say leaves the others theirs.

Time is the swarm's tick. A robot that was asleep goes on with the tick in which it wakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from swarm_consensus.errors import InputError
from swarm_consensus.network.frame import MTU, Parcels, pack_ids, packed, unpack_ids
from swarm_consensus.network.mesh_parts import (
    AROUND,
    LARGEST,
    PER_TICK,
    UNKNOWN,
    Parcel,
    Reassembly,
    only_goal,
    read,
    split,
    write,
)

SHORT = 48  # bytes of a message that goes before longer ones: who leads, what arrived
TRACKS = 256  # parts of one origin that are remembered at a time; more are refused
FUTURE = 2  # ticks that another's clock may be ahead
_SWEEP = 8  # ticks between two looks for what is too old
CAUSES = ("garbage", "stranger", "future", "stale", "far", "crowded", "expired", "forged", "unfinished", "refused")


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """What the mesh may do; the same on all robots."""

    bytes_s: int = 8000  # that a robot may send a second, in the mean over a second: its own and others' parcels
    tells: int = 4  # times that a robot says a parcel
    gap: int = 2  # ticks between two of these: as long as the answer of a neighbour takes
    hops: int = 16  # robots that a parcel may pass, those that pass it on
    fresh: int = 20  # ticks for which a neighbour, or a distance, is believed
    lifetime: int = 40  # ticks from its writing after which a parcel is passed on no more

    def validate(self) -> None:
        """Check the settings.

        Raises
        ------
        InputError
            With one sentence for each that can't be.
        """
        problems = [
            f"{name} is {getattr(self, name)}, must be from {least} to {most}"
            for name, least, most in (
                ("bytes_s", 500, 10**6),
                ("tells", 1, 16),
                ("gap", 1, 100),
                ("hops", 1, 254),
                ("fresh", 2, 10**4),
                ("lifetime", 2, 10**4),
            )
            if not least <= getattr(self, name) <= most
        ]
        if problems:
            raise InputError(problems)


@dataclass(slots=True)
class Track:
    """What a robot knows of one part."""

    parcel: Parcel | None = None  # as it is to be said; None: not, or no more
    told: int = 0
    due: int = 0  # tick from which on it may be said
    heard_from: set[int] = field(default_factory=set)  # neighbours that said it
    nearer: bool = False  # one nearer to the goal has it: nothing is left to do


class Mesh:
    """One robot's part in the mesh.

    Each tick: `begin`, `hear` for each message of a frame, `send` for what is to be sent, then `take` for the frame.

    Parameters
    ----------
    own, count
        Place in the roster, and its size.
    settings
        The same on all robots.
    rate
        Ticks a second.
    """

    def __init__(self, own: int, count: int, settings: MeshSettings, rate: int) -> None:
        settings.validate()
        self.settings = settings
        self.counts = dict.fromkeys(CAUSES, 0)
        self.sent = 0  # bytes so far
        self._own = own
        self._count = count
        self._rate = rate
        self._tick = -1
        self._written = 0  # messages in this tick
        self._credit = 0  # bytes times ticks a second
        self._turn = 0  # origin that is served next
        self._tracks: dict[int, dict[tuple[int, int], Track]] = {}  # by origin, then number and part
        self._waiting: dict[tuple[int, int, int], Track] = {}  # those with something to say
        self._distance: dict[int, tuple[int, int]] = {}  # hops, and tick of that news
        self._near: dict[int, int] = {}  # neighbours, and when they were heard last
        self._parts = Reassembly()

    # each tick

    def begin(self, tick: int) -> None:
        """Go on to a tick; one that is past changes nothing."""
        if tick <= self._tick:
            return
        passed = tick - self._tick if self._tick >= 0 else 1
        self._credit = min(self._credit + passed * self.settings.bytes_s, MTU * self._rate)
        if tick // _SWEEP != self._tick // _SWEEP:
            self._sweep(tick)
        self._tick, self._written = tick, 0

    def meet(self, sender: int) -> None:
        """Take note that a frame of a neighbour was heard."""
        self._near[sender] = self._tick
        self._distance[sender] = (1, self._tick)

    def hear(self, sender: int, message: Parcels) -> Iterator[tuple[int, bytes]]:
        """Take in what a neighbour says; yield messages that are whole and for this robot, with their origins."""
        for raw in message.entries:
            parcel = read(raw)
            cause = "garbage" if parcel is None else self._objection(parcel)
            if cause or parcel is None:
                self.counts[cause or "garbage"] += 1
                continue
            payload = self._take_in(sender, parcel)
            if payload is not None:
                yield parcel.origin, payload

    def send(self, to: Iterable[int], payload: bytes) -> bool:
        """Send a message; False if it is too long, or too many were sent in this tick. It may be lost."""
        others = sorted({*to} - {self._own})
        if not others or not 0 < len(payload) <= LARGEST or self._written >= PER_TICK:
            self.counts["refused"] += 1
            return False
        number = self._tick * PER_TICK + self._written
        self._written += 1
        for parcel in split(self._own, number, pack_ids(others), payload, UNKNOWN):
            self._say(self._own, parcel, Track(due=self._tick))
        return True

    def take(self, room: int) -> tuple[Raw, ...]:
        """Return what is to be said now as messages of a frame, in at most `room` bytes, and within the budget."""
        room = min(room, self._credit // self._rate) - AROUND
        chosen: list[Raw] = []
        for track in self._in_turn():
            parcel = track.parcel
            if parcel is None:
                continue
            if track.told and self._all_have(track, parcel):
                self._finish(track, parcel)
                continue
            raw = write(self._worded(parcel))
            if len(raw) > room:
                continue
            room -= len(raw)
            chosen.append(raw)
            self._note_told(track, parcel)
        if not chosen:
            return ()
        message = packed(Parcels(tuple(chosen)))
        self._credit -= len(message) * self._rate
        self.sent += len(message)
        return (message,)

    @property
    def waits(self) -> bool:
        """Tell whether something is due to be said."""
        return any(track.due <= self._tick for track in self._waiting.values())

    @property
    def lags(self) -> bool:
        """Tell whether something that this robot wrote was not said even once: there is more to say than budget."""
        return any(key[0] == self._own and track.told == 0 for key, track in self._waiting.items())

    def distance(self, robot: int) -> int:
        """Return how many hops away a robot is, as far as known, else `UNKNOWN`."""
        hops, at = self._distance.get(robot, (UNKNOWN, 0))
        return hops if at >= self._tick - self.settings.fresh else UNKNOWN

    def dropped(self) -> dict[str, int]:
        """Return parcels and messages that were not taken in or passed on, by cause."""
        return self.counts | {"forged": self._parts.forged, "unfinished": self._parts.unfinished}

    @property
    def held(self) -> int:
        """Bytes of unfinished messages, and of parcels that wait to be said."""
        return self._parts.held + sum(len(track.parcel.data) for track in self._waiting.values() if track.parcel)

    # what was heard

    def _objection(self, parcel: Parcel) -> str | None:
        """Return why a parcel is not taken in, or None."""
        written = parcel.number // PER_TICK
        if parcel.origin >= self._count or len(parcel.to) > (self._count + 7) // 8 or not parcel.to:
            return "stranger"
        if written > self._tick + FUTURE:
            return "future"
        if written < self._tick - self.settings.lifetime:
            return "stale"
        return "far" if parcel.hops > self.settings.hops else None

    def _take_in(self, sender: int, parcel: Parcel) -> bytes | None:
        origin, key = parcel.origin, (parcel.number, parcel.part)
        tracks = self._tracks.setdefault(origin, {})
        track = tracks.get(key)
        if not parcel.data:
            if track is not None and only_goal(parcel) is not None:
                self._silence(parcel, track)
            elif track is not None:
                track.heard_from.add(sender)
            return None
        if origin == self._own:
            if track is not None:
                self._note_heard(sender, parcel, track)
            return None
        self._learn(origin, parcel.hops + 1)
        if track is None and len(tracks) >= TRACKS:
            self.counts["crowded"] += 1
            return None
        payload = None
        if track is None:
            track = tracks[key] = Track()
            payload = self._parts.add(parcel) if self._own in unpack_ids(parcel.to) else None
        self._note_heard(sender, parcel, track)
        self._pass_on(parcel, track)
        return payload

    def _learn(self, origin: int, hops: int) -> None:
        """Take note of how far an origin is: the shortest way of late."""
        if hops <= self.distance(origin):
            self._distance[origin] = (hops, self._tick)

    def _note_heard(self, sender: int, parcel: Parcel, track: Track) -> None:
        track.heard_from.add(sender)
        goal = only_goal(parcel)
        if goal is not None and goal != self._own and parcel.nearness < self.distance(goal):
            self._silence(parcel, track)

    def _silence(self, parcel: Parcel, track: Track) -> None:
        """Say it no more: one that is nearer has it."""
        track.nearer = True
        track.parcel = None
        self._waiting.pop((parcel.origin, parcel.number, parcel.part), None)

    def _pass_on(self, parcel: Parcel, track: Track) -> None:
        """Decide whether this robot says a parcel too."""
        goal = only_goal(parcel)
        if goal == self._own:  # say that it is here, each time that somebody says it
            if track.told and track.due > self._tick:
                return
            track.told = 0
            self._say(parcel.origin, msgspec.structs.replace(parcel, data=b""), track)
        elif not (track.parcel or track.told or track.nearer) and self._leads_on(parcel, goal):
            track.due = self._tick
            self._say(parcel.origin, msgspec.structs.replace(parcel, hops=parcel.hops + 1), track)

    def _leads_on(self, parcel: Parcel, goal: int | None) -> bool:
        """Tell whether this robot is nearer to the goal than who said a parcel, as far as that is known."""
        if parcel.hops >= self.settings.hops:
            return False
        return goal is None or parcel.nearness == UNKNOWN or self.distance(goal) < parcel.nearness

    # what is said

    def _say(self, origin: int, parcel: Parcel, track: Track) -> None:
        track.parcel = parcel
        self._tracks.setdefault(origin, {})[parcel.number, parcel.part] = track
        self._waiting[origin, parcel.number, parcel.part] = track

    def _worded(self, parcel: Parcel) -> Parcel:
        """Return a parcel with how near this robot is to its goal."""
        goal = only_goal(parcel)
        near = UNKNOWN if goal is None else 0 if goal == self._own else self.distance(goal)
        return parcel if near == parcel.nearness else msgspec.structs.replace(parcel, nearness=near)

    def _in_turn(self) -> list[Track]:
        """Return what is due: short messages before long ones, the oldest of each origin first, and origins in turn."""
        queues: dict[int, list[Track]] = {}
        for key, track in self._waiting.items():
            if track.due <= self._tick:
                queues.setdefault(key[0], []).append(track)
        if not queues:
            return []
        order = sorted(queues, key=lambda origin: (origin - self._turn) % self._count)
        self._turn = order[0] + 1
        longest = max(map(len, queues.values()))
        found = [queues[origin][k] for k in range(longest) for origin in order if k < len(queues[origin])]
        return sorted(found, key=_is_long)

    def _note_told(self, track: Track, parcel: Parcel) -> None:
        track.told += 1
        track.due = self._tick + self.settings.gap
        if track.told >= self.settings.tells or not parcel.data:
            self._finish(track, parcel)

    def _finish(self, track: Track, parcel: Parcel) -> None:
        track.parcel = None
        del self._waiting[parcel.origin, parcel.number, parcel.part]

    def _all_have(self, track: Track, parcel: Parcel) -> bool:
        """Tell whether each neighbour was heard saying it."""
        oldest = self._tick - self.settings.fresh
        return all(robot in track.heard_from for robot, at in self._near.items() if at >= oldest)

    def _sweep(self, tick: int) -> None:
        """Forget what is too old to be taken in again."""
        oldest = (tick - self.settings.lifetime) * PER_TICK
        for origin, tracks in self._tracks.items():
            for key in [key for key in tracks if key[0] < oldest]:
                del tracks[key]
                track = self._waiting.pop((origin, *key), None)
                self.counts["expired"] += track is not None and track.told == 0
        self._parts.forget(oldest)


def _is_long(track: Track) -> bool:
    parcel = track.parcel
    return parcel is not None and (parcel.parts > 1 or len(parcel.data) > SHORT)
