"""What a robot shares with others beside its beacon: the log and decisions over one mesh, bundles from hand to hand.

Each of them finds room in what is left of a frame, within its own budget of bytes; nothing that moves the robot waits
for a message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Raw

from swarm_consensus.agreement.activation import Activations
from swarm_consensus.agreement.machines import pack
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.replica import Storage
from swarm_consensus.agreement.sessions import Machine
from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import Message, Note, Parcels
from swarm_consensus.network.keys import KeyFault
from swarm_consensus.network.mesh import Mesh, MeshSettings
from swarm_consensus.robot.bundles import TOPIC, Bundles
from swarm_consensus.robot.claims import Claims
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.decisions import Decisions, Keys
from swarm_consensus.robot.devices import Devices
from swarm_consensus.robot.disk import Disk, MemoryDisk
from swarm_consensus.robot.docks import Rights
from swarm_consensus.robot.facts import Facts
from swarm_consensus.robot.identity import Secrets
from swarm_consensus.robot.jobs import Values as Believed
from swarm_consensus.robot.jobs import nothing
from swarm_consensus.robot.minutes import Minutes
from swarm_consensus.robot.mission import Fence
from swarm_consensus.robot.orders import COMMANDS, Desk, is_order
from swarm_consensus.robot.state import Cargo, Decided, OrdersStatus, Standing
from swarm_consensus.robot.teller import Teller


class Sharing:
    """All of it, for one robot.

    Each tick: `begin`, `hear` for each message of each frame, `act`, then `efforts` and `take` for the own frame.

    Parameters
    ----------
    config
        Its orders.
    storage
        Its disk, for the log; None: one in memory.
    disk
        Its disk, for all else; None: one in memory.
    secrets
        What it alone knows; its key signs its votes.

    Raises
    ------
    KeyFault
        If it is to vote and has no key, or does not know those of others.
    """

    def __init__(
        self,
        config: AgentConfig,
        storage: Storage | None = None,
        disk: Disk | None = None,
        secrets: Secrets | None = None,
    ) -> None:
        own, count, rate = config.index, len(config.roster), config.rate
        disk = disk or MemoryDisk()
        bundle, decisions, orders = config.bundle, config.decisions, config.facts
        trust = config.trust
        machines: dict[str, Machine] = {}
        self._desk: Desk | None = None
        self._minutes: Minutes | None = None
        if trust is not None and trust.people and orders is not None:
            storage = MemoryStorage(orders.config(count)) if storage is None else storage
            behind = bool(storage.load().entries or storage.load().snapshot.index)
            self._desk = Desk(config, trust, orders.settings.message_bytes, behind=behind)
            machines[COMMANDS] = self._desk.machine
            self._minutes = None if secrets is None else Minutes(storage, secrets.key, trust.swarm)
        desk = self._desk
        machine = None if desk is None else desk.machine
        activations = Activations(machine.roles.commanders, machine.bundle) if machine else Activations(tuple)
        if bundle is not None:
            machines[TOPIC] = activations
        self._devices = Devices(config.trust)
        self.task = config.task  # what the robot is to do, by what people ordered so far
        self._config = config
        self.facts = Facts(own, count, orders, rate, storage, machines, self._devices) if orders else None
        self._claims = Claims(own, config.claims, self._devices) if config.claims else None
        permits = None if self.facts is None else self.facts.permits
        self.rights: Rights | None = self._claims or permits  # to be on docks
        self.mesh = self.facts.mesh if self.facts else None
        if decisions is not None and self.mesh is None:
            self.mesh = Mesh(own, count, config.mesh or MeshSettings(), rate)
        self.decisions: Decisions | None = None
        if decisions is not None and self.mesh is not None:
            keys = _keys(config, secrets)
            self.decisions = Decisions(own, decisions, keys, self.mesh, disk, config.fence, config.obstacles)
        self.bundles: Bundles | None = None
        if bundle is not None and self.facts is not None:
            facts = self.facts
            self.bundles = Bundles(
                own, count, bundle, rate, disk, activations, lambda data: facts.ask(pack(TOPIC, data))
            )
        self.teller: Teller | None = None
        if self.facts is not None:
            facts, sealed = self.facts, trust is not None and trust.seal != "none"
            key = secrets.key if secrets is not None and sealed else None
            swarm = b"" if trust is None else trust.swarm
            self.teller = Teller(own, lambda: facts.state, lambda: self.journal, key, swarm)
        self._tick = 0

    def begin(self, tick: int) -> None:
        """Go on to a tick."""
        self._tick = tick
        if self._claims is not None:
            self._claims.begin(tick)
        if self.facts is not None:
            self.facts.begin(tick)
        elif self.mesh is not None:
            self.mesh.begin(tick)

    def meet(self, sender: int) -> None:
        """Take note that a frame of a neighbour was heard."""
        if self.mesh is not None:
            self.mesh.meet(sender)

    def hear_others(self, packets: Sequence[bytes]) -> Sequence[bytes]:
        """Take in what ground stations, executors of jobs and docks say; return the other packets."""
        if self._claims is not None:
            packets = self._claims.hear(packets, self._tick // self._config.rate)
        if self.facts is not None:
            packets = self.facts.hear_executors(packets)
        if self._desk is None:
            return packets
        for packet in packets:
            if is_order(packet):
                self._desk.hear(bytes(packet), self._tick)
        return [packet for packet in packets if not is_order(packet)]

    def hear(self, sender: int, message: Message) -> None:
        """Take in a message of a neighbour's frame."""
        if isinstance(message, Parcels) and self.mesh is not None:
            for origin, payload in self.mesh.hear(sender, message):
                if self.decisions is not None and self.decisions.hear(origin, payload):
                    continue
                if self.facts is not None:
                    self.facts.take_in(origin, payload)
        elif isinstance(message, Note) and message.topic == TOPIC and self.bundles is not None:
            self.bundles.hear(sender, message)

    def act(self, position: Array | None, values: Believed = nothing) -> bool:
        """Do what is due, and tell whether people ordered another `task`.

        Parameters
        ----------
        position
            Where the robot is, (3,) m; None: not known so far.
        values
            What it believes of what the swarm agrees on.
        """
        ordered = self._act(self.facts, position, values) if self.facts is not None else False
        if self.decisions is not None and position is not None:
            self.decisions.start(position)
            self.decisions.act()
        if self.bundles is not None:
            self.bundles.act(self._tick)
        return ordered

    def _act(self, facts: Facts, position: Array | None, values: Believed) -> bool:
        """Let the log do what is due, and take up what people order there."""
        desk, tick = self._desk, self._tick
        if desk is None:
            facts.act(values)
            return False
        facts.want(*desk.wanted(tick))
        facts.act(values)
        desk.served(facts.reads)
        if self._minutes is not None:
            self._minutes.keep(desk.machine.lines)
        if not desk.decide(tick):
            return False
        self.task = desk.task(self._config.task, float(self._config.altitude[0] if position is None else position[2]))
        return True

    def efforts(self) -> tuple[Raw, ...]:
        """Return what is to be said to executors of jobs."""
        return () if self.facts is None else self.facts.efforts()

    def claims(self) -> tuple[Raw, ...]:
        """Return what is to be asked of docks that arbitrate alone."""
        return () if self._claims is None else self._claims.due()

    def answers(self) -> tuple[Raw, ...]:
        """Return what is to be said to ground stations, which ask again if it is not."""
        return () if self._desk is None else self._desk.notes()

    @property
    def waits(self) -> bool:
        """Tell whether the mesh has something to say."""
        return self.mesh is not None and self.mesh.waits

    def take(self, room: int) -> tuple[Raw, ...]:
        """Return what is said in this tick's frame, in at most `room` bytes: the mesh first, then the bundle."""
        said = () if self.mesh is None else self.mesh.take(room)
        if self.bundles is not None:
            said += self.bundles.take(room - sum(map(len, said)))
        return said

    def place(self) -> Array | None:
        """Return where to meet, (2,) m, if that was decided."""
        return None if self.decisions is None else self.decisions.place

    def reason_to_hold(self) -> str | None:
        """Return why the robot must hold still, or None: somebody ordered it, or a decision is not known so far."""
        if self._desk is not None and self._desk.halted:
            return self._desk.halted
        return None if self.decisions is None else self.decisions.reason_to_hold()

    @property
    def fence(self) -> tuple[int, Fence] | None:
        """The fence that people ordered, with the index of its entry, if they did."""
        return None if self._desk is None else self._desk.fence

    @property
    def behind(self) -> bool:
        """Whether the robot started again and does not know so far what was ordered before."""
        return self._desk is not None and self._desk.behind

    @property
    def disarmed(self) -> str:
        """Why the robot must not move under its own power, or ''."""
        return "" if self._desk is None else self._desk.disarmed

    @property
    def lands(self) -> bool:
        """Tell whether people ordered the robot to land."""
        return self._desk is not None and self._desk.lands

    def close(self) -> None:
        """Let go of the disk."""
        if self.facts is not None:
            self.facts.close()

    # what a person asks

    @property
    def journal(self) -> Sequence[bytes]:
        """Lines of the robot's journal."""
        return () if self._minutes is None else self._minutes.lines

    def standing(self, names: Sequence[str]) -> Standing | None:
        """Return how the log stands."""
        return None if self.facts is None else self.facts.standing(names)

    @property
    def refused(self) -> Mapping[str, int]:
        """Packets of ground stations and devices, and questions, that were refused, by cause."""
        if self._desk is None and self.teller is None:
            return self._devices.refused
        orders = Counter() if self._desk is None else self._desk.refused
        if self.teller is not None and self.teller.refused:
            orders = orders + Counter({f"question {cause}": count for cause, count in self.teller.refused.items()})
        return orders + self._devices.refused if self._devices.refused else orders

    def orders(self, armed: str, fence: str) -> OrdersStatus | None:
        """Return how orders of people stand, with what became of arming, and where the robot is to a fence."""
        return None if self._desk is None else self._desk.status(armed, fence)

    def decided(self, names: Sequence[str]) -> tuple[Decided, ...]:
        """Return how the decisions stand."""
        return () if self.decisions is None else self.decisions.status(names)

    def cargo(self, names: Sequence[str]) -> Cargo | None:
        """Return how the bundle stands."""
        return None if self.bundles is None else self.bundles.status(names)


def _keys(config: AgentConfig, secrets: Secrets | None) -> Keys:
    if config.trust is None or secrets is None:
        raise KeyFault("decisions are voted on with keys, and this robot was given none")
    return Keys(secrets.key, tuple(identity.key for identity in config.trust.roster))
