"""A robot's part in the log that the swarm shares: its replica, its mesh, and what it has to say there.

Voters are few; all others are learners, which get everything and count for nothing. What the leader says to several
robots in the same words goes over the mesh once, addressed to all of them.

Nothing that moves the robot waits for any of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec
import numpy as np
from msgspec import Raw

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.machines import Machines, Report, Reports, pack, pack_report
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Config, Forward, Message
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.raft.state import State
from swarm_consensus.agreement.replica import Replica, Storage
from swarm_consensus.agreement.requests import Requests
from swarm_consensus.agreement.semaphore import Semaphores
from swarm_consensus.agreement.sessions import Machine, Sessions
from swarm_consensus.agreement.trigger import Times
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.frame import Parcels
from swarm_consensus.network.mesh import Mesh, MeshSettings
from swarm_consensus.robot.devices import Devices
from swarm_consensus.robot.docks import DockOrders
from swarm_consensus.robot.jobs import JOBS, Condition, Jobs, Values, nothing
from swarm_consensus.robot.permits import PERMITS, Permits
from swarm_consensus.robot.state import Standing
from swarm_consensus.robot.succession import Succession

BACKLOG = 64  # commands of others that wait while there is more to say than can be said
ROUND_TRIPS = 3  # after which a command is proposed again
SESSION = 32  # bytes around a command, at most: its session, and its number there
_NOBODY = 0  # in place of the address in a letter to several
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


@dataclass(frozen=True, slots=True)
class FactsOrders:
    """What each robot is told of the log; the same for all."""

    voters: tuple[int, ...]  # places in the roster; all others are learners
    settings: Settings = Settings()
    mesh: MeshSettings = MeshSettings()
    report: int = 0  # ticks between two reports of each robot to the log; 0: none
    jobs: tuple[tuple[str, Times], ...] = ()  # what is to be done, and when, in seconds from tick 0
    replace: int = 0  # ticks of silence after which a learner takes a voter's place; 0: never
    permits: DockOrders | None = None  # for docks; None: there are none
    conditions: tuple[tuple[str, Condition], ...] = ()  # what is to be done while something is the case

    def config(self, count: int) -> Config:
        """Return who votes and who learns in a roster of `count` robots, as the log begins."""
        return members(self.voters, [robot for robot in range(count) if robot not in self.voters])


class Facts:
    """One robot's replica, in touch with the others by the mesh.

    Each tick: `begin`, `meet` and `hear` for each frame, `act`, then `take` for the own frame.

    Parameters
    ----------
    own, count
        Place in the roster, and its size.
    orders
        The same for all.
    rate
        Ticks a second.
    storage
        Its disk; None: one in memory, which forgets with the robot.
    machines
        Further ones behind the log, by name, each in its first state.
    devices
        Tell what executors of jobs say from what others say in their name; None: whoever answers is believed.

    Raises
    ------
    StorageError
        If what the disk holds can't be read.
    """

    def __init__(
        self,
        own: int,
        count: int,
        orders: FactsOrders,
        rate: int,
        storage: Storage | None = None,
        machines: Mapping[str, Machine] = MappingProxyType({}),
        devices: Devices | None = None,
    ) -> None:
        self.mesh = Mesh(own, count, orders.mesh, rate)
        self.faults = 0  # messages that are none of the log's
        self.shed = 0  # commands of others that were not taken, since too much waits
        self._own = own
        self._orders = orders
        self._rate = rate
        self._jobs = Jobs(own, orders.jobs, orders.conditions, rate, orders.settings.election_ticks, devices)
        self._has_jobs = bool(orders.jobs or orders.conditions)
        self._succession = Succession(own, len(orders.voters), orders.replace) if orders.replace else None
        behind: dict[str, Machine] = {"reports": Reports(), JOBS: self._jobs.triggers, **machines}
        self.permits: Permits | None = None
        if orders.permits is not None:
            behind[PERMITS] = semaphores = Semaphores(orders.permits.counts)
            self.permits = Permits(own, orders.permits, semaphores)
        self._machines = Machines(behind)
        self._requests = Requests(own, again=ROUND_TRIPS * 2 * max(orders.settings.delay_ticks, 1))
        self._storage: Storage = MemoryStorage(orders.config(count)) if storage is None else storage
        Sessions(self._machines).restore(self._storage.load().snapshot.state)  # now, and not in the middle of a flight
        self._replica: Replica | None = None
        self.reads: list[int] = []  # tokens of reads that were allowed in this tick
        self._read: int | None = None
        self._tick = 0
        self._missed = 0  # ticks that the replica must count
        self._heard: list[Message] = []
        self._commands: list[Message] = []  # of others, that wait

    def begin(self, tick: int) -> None:
        """Go on to a tick; the first one starts the replica from its disk."""
        if self._replica is None:
            # who waits for how long before it stands for election differs from robot to robot and from start to start
            rng = np.random.default_rng([self._own, tick])
            self._replica = Replica(self._own, self._orders.settings, self._storage, Sessions(self._machines), rng)
            self._tick = tick - 1
            self._jobs.start(tick)
        self._missed = max(tick - self._tick, 0)
        self._tick = max(tick, self._tick)
        self.mesh.begin(tick)
        if self.permits is not None:
            self.permits.begin(tick)

    def hear_executors(self, frames: Sequence[bytes]) -> Sequence[bytes]:
        """Take what executors of jobs say out of what was heard; return the rest."""
        return self._jobs.hear(frames, self._tick // self._rate) if self._has_jobs else frames

    def meet(self, sender: int) -> None:
        """Take note that a frame of a neighbour was heard."""
        self.mesh.meet(sender)

    def hear(self, sender: int, message: Parcels) -> None:
        """Take in what a neighbour passes on."""
        for origin, payload in self.mesh.hear(sender, message):
            self.take_in(origin, payload)

    def take_in(self, origin: int, payload: bytes) -> None:
        """Take in a message that came over the mesh."""
        letter = _read(payload)
        if letter is None or letter.sender != origin:
            self.faults += 1
        else:
            self._heard.append(msgspec.structs.replace(letter, to=self._own))

    def ask(self, command: bytes) -> bool:
        """Say a command for one of the machines in the log; False if it is too long, or too much waits."""
        return len(command) + SESSION <= self._orders.settings.message_bytes and self._requests.ask(command)

    def act(self, values: Values = nothing) -> None:
        """Let the replica do what is due: first the time that passed, then what was heard, then what is asked."""
        replica, heard = self._replica, self._heard
        self.reads = []
        if replica is None or replica.stopped:
            return
        self._heard = []
        replica.node.state.crowded = self.mesh.lags
        for _ in range(self._missed):
            replica.node.tick()
        for letter in self._admitted(heard):
            replica.node.step(letter)
        self._ask(replica, values)
        if self._succession is not None:
            self._succession.hear({letter.sender for letter in heard}, self._tick)
            self._succession.act(replica.node, self._tick)
        if self._read is not None:
            replica.node.read(self._read)
        try:
            news = replica.pump()
        except StorageError:
            return  # `stopped` says why; the robot goes on without
        self.reads = news.reads
        self._post(news.messages)
        for answer in self._requests.hear(news.outcomes):
            if self.permits is not None:
                self.permits.answered(answer.data)

    def want(self, commands: Iterable[bytes], read: int | None) -> None:
        """Take what is to be asked of the log in this tick: commands, and a read by a token that was never used."""
        for command in commands:
            self._requests.ask(command)
        self._read = read

    def _admitted(self, heard: Iterable[Message]) -> list[Message]:
        """Return what is for the replica now.

        Commands of others wait while what was said before is not out, and then go into the log, and over the air,
        together. So a leader that has more to say than budget says it in fewer, longer messages.
        """
        now: list[Message] = []
        for letter in heard:
            (self._commands if isinstance(letter, Forward) else now).append(letter)
        if len(self._commands) > BACKLOG:
            self.shed += len(self._commands) - BACKLOG  # who sent them asks again
            del self._commands[BACKLOG:]
        if not self.mesh.lags:
            now += self._commands
            self._commands = []
        return now

    def _ask(self, replica: Replica, values: Values) -> None:
        """Propose what this robot has to say."""
        every = self._orders.report
        if every and (self._tick + self._own) % every == 0 and not self._requests:
            self._requests.ask(pack("reports", pack_report(Report(self._own, self._tick))))
        if self._has_jobs:
            for request in self._jobs.act(self._tick, replica.node.lead is not None, values):
                self._requests.ask(pack(JOBS, request))
        if self.permits is not None:
            for command in self.permits.due(replica.node.lead is not None):
                if not self._requests.ask(command):
                    self.permits.answered(command)  # too many wait
        data = self._requests.due(self._tick)
        if data is not None and not replica.node.propose(data):
            self._requests.failed()

    @property
    def state(self) -> State:
        """How the replica stands; before the first tick what its disk holds."""
        if self._replica is None:
            return State(self._own, self._orders.settings, self._storage.load())
        return self._replica.node.state

    def efforts(self) -> tuple[Raw, ...]:
        """Return what is to be said to executors in this tick's frame, as messages."""
        return self._jobs.efforts()

    def _post(self, messages: Iterable[Message]) -> None:
        """Send messages; those that differ only by their address go as one."""
        to: dict[bytes, list[int]] = {}
        for message in messages:
            to.setdefault(_encoder.encode(msgspec.structs.replace(message, to=_NOBODY)), []).append(message.to)
        for payload, robots in to.items():
            self.mesh.send(robots, payload)

    def take(self, room: int) -> tuple[Raw, ...]:
        """Return what goes over the mesh in this tick's frame, in at most `room` bytes."""
        return self.mesh.take(room)

    def close(self) -> None:
        """Let go of the disk."""
        self._storage.close()

    def standing(self, names: Sequence[str]) -> Standing | None:
        """Return how the log stands, as far as this robot knows, in the names of the roster; None before any tick."""
        if self._replica is None:
            return None
        state, stopped = self._replica.node.state, self._replica.stopped
        return Standing(
            leader="" if state.leader is None else names[state.leader],
            term=state.term,
            commit=state.log.commit,
            index=self._machines.index,
            digest=self._machines.digest.hex(),
            stopped="" if stopped is None else str(stopped),
        )


def _read(payload: bytes) -> Message | None:
    try:
        return _decoder.decode(payload)
    except UNREADABLE:
        return None
