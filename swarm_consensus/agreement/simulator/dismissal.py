"""An operator is dismissed while everything goes wrong, and goes on commanding every robot within reach; from a seed.

The check: after the revocation committed, no robot obeys him later than the stated bound. Robots are members of a real
log; they crash, sleep, are cut off; clocks drift to the bound; messages are lost, late and doubled. The operator is
heard by each robot in each of its ticks: the worst case.
"""

from __future__ import annotations

from dataclasses import dataclass

from swarm_consensus.agreement.authority import Freshness, Gate
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Config, Message
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.replica import Replica
from swarm_consensus.agreement.roles import Person, Revoke, Roles, ruling_of, sign
from swarm_consensus.agreement.sessions import Command, Open, Sessions, pack
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.dice import Dice
from swarm_consensus.agreement.simulator.network import TICK, Clock, Network, Weather
from swarm_consensus.network.keys import PrivateKey

END = 260  # ticks
HEALED = 180  # tick from which on the radio is good
DRIFT = 0.1
SETTINGS = Settings(clock_drift=DRIFT, snapshot_entries=4)
FRESH = Freshness(fresh_ticks=16, ask_ticks=3, delay_ticks=6, clock_drift=DRIFT)
ALICE, BOB = PrivateKey(b"a" * 32), PrivateKey(b"b" * 32)  # administrator, operator
SWARM = b"simulated"
REVOCATION = sign(ALICE, 1, Revoke(BOB.public.raw), SWARM)


def founders() -> dict[bytes, Person]:
    """Return who has a role at the beginning."""
    return {
        ALICE.public.raw: Person("alice", "administrator", 0, 0),
        BOB.public.raw: Person("bob", "operator", 0, 0),
    }


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of; a mutant puts a broken part in."""

    gate: type[Gate] = Gate
    counts_sleep: bool = True  # whether a robot counts the ticks it slept through before it obeys
    reads: bool = True  # whether it asks the log, or just takes its own view for fresh


class Robot:
    """A robot with its member of the log, its register and its gate."""

    def __init__(self, number: int, config: Config, run: Run) -> None:
        self.number, self._run = number, run
        self.storage = MemoryStorage(config)
        self.obeyed = 0  # times while the operator had his role
        self.last_obeyed: int | None = None  # moment
        self.denied = ""  # why, last
        self.now = 0
        self.up = False
        self._asleep_until = self._missed = 0
        self._heard: list[Message] = []
        drift = run.dice.pick((-1.0, 1.0, 2 * run.dice.share() - 1)) * DRIFT
        self.tick_length = round(TICK * (1 + drift))
        self.start()
        run.clock.after(run.dice.between(1, self.tick_length), self._tick)

    def start(self) -> None:
        """Start from the disk; the gate knows nothing."""
        self.roles = Roles(founders(), SWARM)
        self.gate = self._run.parts.gate(FRESH, self.roles)
        self.replica = Replica(self.number, SETTINGS, self.storage, Sessions(self.roles), self._run.dice.rng)
        self.up = True

    def crash(self) -> None:
        """Lose everything but the disk, for a while."""
        self.storage.crash()
        self.up = False
        self._asleep_until = self._missed = 0
        self._heard.clear()

    def sleep(self, moments: int) -> None:
        """Be suspended for a while."""
        self._asleep_until = self._run.clock.now + moments
        self._run.clock.after(moments, self._wake)

    @property
    def is_awake(self) -> bool:
        """Tell whether it does anything at the moment."""
        return self.up and self._run.clock.now >= self._asleep_until

    def _wake(self) -> None:
        if not self.is_awake:
            return
        if self._run.parts.counts_sleep:
            self.now += self._missed
        for _ in range(self._missed):  # the log's own clock is not what is tested here
            self.replica.node.tick()
        self._missed = 0
        heard, self._heard = self._heard, []
        for message in heard:
            self.hear(message)

    def _tick(self) -> None:
        self._run.clock.after(self.tick_length, self._tick)
        if not self.up:
            return
        if not self.is_awake:
            self._missed += 1
            return
        self.now += 1
        self.replica.node.tick()
        if self.gate.read_due(self.now):
            token = self._run.clock.fresh()
            self.gate.asked(token, self.now)
            if self._run.parts.reads:
                self.replica.node.read(token)
            else:
                self.gate.served(token)
        self.pump()
        self.command()
        # and once more late in the tick: just before the next one is the worst moment
        self._run.clock.after(self.tick_length - 2, self.command)

    def command(self) -> None:
        """Hear the operator, who never gives up."""
        if not self.is_awake:
            return
        self.denied = self.gate.judge(BOB.public.raw, "goto", self.now)
        if not self.denied:
            self.last_obeyed = self._run.clock.now
            self.obeyed += self._run.committed is None
            self._run.check(self)
        known = BOB.public.raw in self.roles.people
        if known and self.gate.judge(BOB.public.raw, "halt", self.now):
            raise Violation("halt: a robot that knows the operator did not obey")

    def hear(self, message: Message) -> None:
        """Take in a message of the log."""
        if not self.up:
            return
        if not self.is_awake:
            self._heard.append(message)
            return
        self.replica.node.step(message)
        self.pump()

    def pump(self) -> None:
        """Store, send, apply, serve."""
        news = self.replica.pump()
        for message in news.messages:
            self._run.network.send(message)
        for outcome in news.outcomes:
            self._run.see(outcome.verdict, outcome.session, outcome.answer)
        for token in news.reads:
            self.gate.served(token)


class Run:
    """One dismissal.

    Parameters
    ----------
    seed
        Everything follows from it.
    parts
        What the robots are made of.
    """

    def __init__(self, seed: int, parts: Parts | None = None) -> None:
        self.parts = parts or Parts()
        self.dice = dice = Dice(seed)
        self.clock = Clock()
        self.network = Network(self.clock, dice, lambda message: self.robots[message.to].hear(message))
        self.committed: int | None = None  # moment at which the revocation was first known to be committed
        self.session = 0
        self.latest = 0  # moments after the commit at which somebody obeyed last
        count = dice.pick((3, 5, 5))
        self.when = dice.between(60, 140)  # tick at which it is asked for
        self.robots = [Robot(number, members(range(count)), self) for number in range(count)]

    def see(self, verdict: str, session: int, answer: bytes) -> None:
        """Look at what a robot applied."""
        if verdict == "opened":
            self.session = session
        elif verdict == "done" and self.committed is None and ruling_of(answer).allowed:
            self.committed = self.clock.now

    def check(self, robot: Robot) -> None:
        """See that a robot may still obey.

        Raises
        ------
        Violation
            If it is too late for that.
        """
        if self.committed is None:
            return
        late = self.clock.now - self.committed
        self.latest = max(self.latest, late)
        if late > FRESH.bound_ticks * TICK:
            raise Violation(
                f"revocation: robot {robot.number} obeyed {late / TICK:.2f} ticks after the commit, "
                f"the bound is {FRESH.bound_ticks:.2f}"
            )

    def run(self) -> Run:
        """Run to the end.

        Raises
        ------
        Violation
            If a property did not hold.
        """
        for tick in range(END):
            if tick == 30:
                self._spoil()
            if 30 < tick < HEALED:
                self._disturb()
            elif tick == HEALED:
                self._heal()
            if tick >= 5 and tick % 4 == 0 and not self.session:
                self._propose(pack(Open(1)))
            if tick >= self.when and tick % 4 == 0 and self.committed is None and self.session:
                self._propose(pack(Command(self.session, 1, REVOCATION)))
            self.clock.run((tick + 1) * TICK)
        if self.committed is None:
            raise Violation("progress: the revocation never committed")
        for robot in self.robots:
            if "has no role" not in robot.denied:
                raise Violation(f"progress: after healing robot {robot.number} says '{robot.denied}'")
        return self

    def _propose(self, data: bytes) -> None:
        robot = self.dice.pick(self.robots)
        if robot.is_awake:
            robot.replica.node.propose(data)
            robot.pump()

    def _spoil(self) -> None:
        dice = self.dice
        self.network.weather = Weather(
            loss=dice.pick((0.0, 0.1, 0.3)), duplicate=0.1, delay=TICK * dice.between(1, 6), straggler=0.05
        )

    def _disturb(self) -> None:
        dice, robot = self.dice, self.dice.pick(self.robots)
        if dice.chance(0.05):
            some = [each.number for each in self.robots if dice.chance(0.4)]
            self.network.cut.clear()
            self.network.split(some, [each.number for each in self.robots if each.number not in some])
        elif dice.chance(0.03):
            self.network.cut.clear()
        if dice.chance(0.02) and robot.up:
            robot.crash()
        elif dice.chance(0.2) and not robot.up:
            robot.start()
        if dice.chance(0.03) and robot.is_awake:
            robot.sleep(dice.between(TICK, 40 * TICK))

    def _heal(self) -> None:
        self.network.heal()
        for robot in self.robots:
            if not robot.up:
                robot.start()


def run(seed: int, parts: Parts | None = None) -> Run:
    """Run one seed; a violation names it."""
    one = Run(seed, parts)
    try:
        return one.run()
    except Violation as violation:
        raise Violation(f"{violation} (seed {seed}, {len(one.robots)} robots)") from None


def split_run(seed: int = 0) -> Run:
    """Run the world `dismissed` in small: five robots, two of them cut off before the revocation, healed later."""
    one = Run(seed)
    while len(one.robots) != 5:
        seed += 1
        one = Run(seed)
    one.when = 60
    for tick in range(END):
        if tick == 55:
            one.network.split([3, 4], [0, 1, 2])
        if tick == HEALED:
            one.network.heal()
        if tick >= 5 and tick % 4 == 0 and not one.session:
            one._propose(pack(Open(1)))
        if tick >= one.when and tick % 4 == 0 and one.committed is None:
            one._propose(pack(Command(one.session, 1, REVOCATION)))
        one.clock.run((tick + 1) * TICK)
    return one


def late_answer(parts: Parts) -> None:
    """Play without chance: a read asked at tick 10 is answered at 25; at 11 the revocation committed, out of reach.

    Raises
    ------
    Violation
        If the robot obeys beyond the bound.
    """
    gate = parts.gate(FRESH, Roles(founders(), SWARM))
    for now in range(10, 100):
        if gate.read_due(now):
            gate.asked(now, now)
        if now == 25:
            gate.served(10)
        if not gate.judge(BOB.public.raw, "goto", now) and now > 11 + FRESH.bound_ticks:
            raise Violation(f"revocation: obeyed {now - 11} ticks after the commit")
