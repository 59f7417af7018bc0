"""A robot's claims to places on docks that arbitrate alone: what it asks of them, and what they answer.

It asks by a note in its own frame, and says again what is not answered. A dock answers all at once with the state of
its places; what is older than what is known counts for nothing, so that copies and replays do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from swarm_consensus.agreement.claim import NOBODY, Claim, Held, Release, Request, pack, read_request, read_state
from swarm_consensus.agreement.lease import Holder
from swarm_consensus.agreement.semaphore import Grant
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import Note, packed
from swarm_consensus.robot.devices import Devices
from swarm_consensus.robot.docks import Berth, DockOrders

CLAIM = "claim"  # topic of the note by which a robot asks a dock
HURRY = 10.0  # for each tenth of its charge a robot lets those who wait for the same place ask once before it
ASKED = 4  # requests in one frame, at most
_ANSWER = b"SD"  # first bytes of what a dock answers, by which it is told from a frame; then the dock's number
_HEADER = len(_ANSWER) + 1
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[tuple[int, Raw]] = msgspec.msgpack.Decoder(tuple[int, Raw])


def device(dock: str) -> str:
    """Return the name of a dock's key."""
    return f"dock_{dock}"


class Claims:
    """One robot's claims; see `swarm_consensus.robot.docks.Rights`.

    Each tick: `begin` and `hear`; then whoever knows where the robot is sets `wanted`; then `due`.

    Parameters
    ----------
    own
        Place in the roster.
    orders
        The same for all; each dock has a queue of its own.
    devices
        Tell what docks say from what others say in their name; None: whoever answers is believed.
    """

    keeps_turn = False  # who waits asks again, there or elsewhere
    must_yield = False

    def __init__(self, own: int, orders: DockOrders, devices: Devices | None = None) -> None:
        self.orders = orders
        self.wanted: frozenset[str] | None = None
        self.charge = 0.0
        self._own = own
        self._devices = devices or Devices()
        self._number = {name: number for number, (name, _) in enumerate(orders.queues)}
        self._known = [[Held()] * len(berths) for _, berths in orders.queues]
        self._news = [-1] * len(self._known)  # by dock: tick of its newest answer
        self._freed: dict[Berth, int] = {}  # when it heard of a place that others held that it is free
        self._given: dict[Berth, int] = {}  # version of which it has said, and stands by it, that it is done
        self._said: dict[tuple[int, str], tuple[int, Berth, int]] = {}  # when what was asked last, at which version
        self._holder: Holder | None = None
        self._tick = 0

    def begin(self, tick: int) -> None:
        """Go on to a tick; the first one is when the robot started."""
        if self._holder is None:
            self._holder = Holder(self.orders.lease, since=tick)
        self._tick = tick

    def hear(self, packets: Sequence[bytes], now: int = 0) -> Sequence[bytes]:
        """Take what docks say out of what was heard, at a second of this robot's clock; return the rest."""
        rest = [packet for packet in packets if packet[: len(_ANSWER)] != _ANSWER]
        if len(rest) == len(packets):
            return packets
        for packet in packets:
            if packet[: len(_ANSWER)] == _ANSWER:
                self._take_in(packet, now)
        return rest

    def _take_in(self, packet: bytes, now: int) -> None:
        dock = packet[len(_ANSWER)] if len(packet) > len(_ANSWER) else len(self._known)
        if dock >= len(self._known):
            return
        answer = self._devices.heard(device(self.orders.docks[dock].name), bytes(packet), now)
        state = None if answer is None else read_state(answer[_HEADER:])
        if state is None:
            return
        known = self._known[dock]
        for slot, (old, new) in enumerate(zip(known, state, strict=False)):
            known[slot] = max(old, new)
            if known[slot].robot == NOBODY and old.robot not in (NOBODY, self._own):
                self._freed[dock, slot] = self._tick
        self._news[dock] = self._tick

    # what it has

    def grant(self, queue: str) -> Grant | None:
        """Return this robot's claim to a place of a dock, if it has one; of several the oldest."""
        return min(self._mine(self._number[queue]), key=lambda grant: grant.token, default=None)

    def _mine(self, dock: int) -> list[Grant]:
        return [grant for grant in self.holders(dock) if grant.robot == self._own]

    def berth(self, queue: str, grant: Grant) -> Berth:
        """Return the place that a claim is for."""
        return self._number[queue], grant.slot

    def left(self, queue: str) -> int:
        """Return for how many ticks this robot may still use its claim, by its own clock alone."""
        grant = self.grant(queue)
        if grant is None or self._holder is None or not self._holder.may_use(self._tick, grant.renewed):
            return 0
        return grant.renewed + self.orders.lease.hold_ticks - self._tick

    def holders(self, dock: int) -> list[Grant]:
        """Return the claims to places of a dock, as it answered last, without those that this robot gave back."""
        return [
            Grant(held.robot, held.version, held.renewed, slot)
            for slot, held in enumerate(self._known[dock])
            if held.robot != NOBODY and self._given.get((dock, slot)) != held.version
        ]

    def load(self, queue: str) -> float:
        """Return the share of a dock's places that others have; what was not heard for a lease may be free again."""
        dock = self._number[queue]
        fresh = self._news[dock] >= 0 and self._tick - self._news[dock] < self.orders.lease.lease_ticks
        others = sum(grant.robot != self._own for grant in self.holders(dock)) if fresh else 0
        return others / len(self._known[dock])

    def out(self) -> tuple[int, ...]:
        """Return nothing: there is no log."""
        return ()

    # what it asks

    def due(self) -> tuple[Raw, ...]:
        """Return what is to be asked in this tick's frame, as messages; to be called once a tick."""
        found: list[Raw] = []
        for queue, dock in self._number.items() if self.wanted is not None else ():
            wanted = self.wanted is not None and queue in self.wanted
            kept = self.grant(queue) if wanted else None
            for grant in self._mine(dock):
                if grant != kept:
                    self._given[dock, grant.slot] = grant.token
            requests = [*self._releases(dock)]
            if kept is not None:
                requests += self._renewal(dock, kept)
            elif wanted:
                requests += self._question(dock)
            found += [packed(Note(CLAIM, Raw(_encoder.encode((dock, Raw(pack(each))))))) for each in requests]
        return tuple(found[:ASKED])

    def _releases(self, dock: int) -> Iterator[Request]:
        """Give back, and say so until the dock has moved on."""
        for slot, held in enumerate(self._known[dock]):
            mine = held.robot == self._own and self._given.get((dock, slot)) == held.version
            if mine and self._again(dock, f"release {slot}", (dock, slot), held.version, self.orders.lease.delay_ticks):
                yield Release(self._own, slot, held.version, self._tick)

    def _renewal(self, dock: int, grant: Grant) -> Iterator[Request]:
        """Keep what it has: every so often, and again if there was no answer."""
        lease, said = self.orders.lease, self._said.get((dock, "claim"))
        answered = said is not None and grant.renewed >= said[0]
        if said is None or self._tick - said[0] >= (lease.renew_ticks if answered else lease.delay_ticks):
            self._said[dock, "claim"] = (self._tick, (dock, grant.slot), grant.token)
            yield Claim(self._own, grant.slot, grant.token, self._tick)

    def _question(self, dock: int) -> Iterator[Request]:
        """Ask for a place that is free, as far as is known; where none is, for the one that is held for longest.

        All who wait for a place hear at once that it is free. The emptier ask first, so that the emptiest does not lose
        to the others again and again.
        """
        lease, places = self.orders.lease, self._known[dock]
        slot = min(range(len(places)), key=lambda slot: (places[slot].robot != NOBODY, places[slot].version))
        held = places[slot]
        if held.robot == self._own:
            return  # it has given it back, and was not answered yet
        later = round(HURRY * self.charge * lease.delay_ticks)
        if held.robot == NOBODY and self._tick < self._freed.get((dock, slot), self._tick - later) + later:
            return
        wait = lease.delay_ticks if held.robot == NOBODY else lease.renew_ticks
        if self._again(dock, "claim", (dock, slot), held.version, wait):
            yield Claim(self._own, slot, held.version, self._tick)

    def _again(self, dock: int, what: str, berth: Berth, version: int, wait: int) -> bool:
        """Tell whether to ask now: what was not asked before at once, all else after a while."""
        said = self._said.get((dock, what))
        if said is not None and said[1:] == (berth, version) and self._tick - said[0] < wait:
            return False
        self._said[dock, what] = (self._tick, berth, version)
        return True


def read_note(note: Note) -> tuple[int, Request] | None:
    """Return which dock a note asks, and what; None if it is nothing."""
    try:
        dock, words = _decoder.decode(note.words)
    except UNREADABLE:
        return None
    request = read_request(words)
    return None if request is None else (dock, request)


def pack_answer(dock: int, state: tuple[Held, ...]) -> bytes:
    """Return what a dock answers, unsigned."""
    return _ANSWER + bytes([dock]) + pack(state)
