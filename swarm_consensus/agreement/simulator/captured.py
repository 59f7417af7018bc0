"""Decisions with captured robots: honest members, liars in one hand, a radio that is bad and then good; from a seed.

Safety is checked all the time: no two honest members decide differently, none decides a value that makes no sense,
every proof of a lie names a liar and can be checked. Progress is checked at the end: once messages get through all
honest members decide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from swarm_consensus.agreement.byzantine.decision import Decider, Timing
from swarm_consensus.agreement.byzantine.messages import Letter, Message, Saved
from swarm_consensus.agreement.byzantine.votes import is_proof
from swarm_consensus.agreement.quorum import liars_tolerated
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.dice import Dice
from swarm_consensus.agreement.simulator.liars import VALUES, WAYS, Liar
from swarm_consensus.agreement.simulator.network import TICK, Clock
from swarm_consensus.agreement.simulator.notary import Notary

BAD = 60  # ticks of a bad radio
END = 4000  # ticks after which all must have decided; the doubled patience of a few views
TIMING = Timing(patience=12, doublings=5, again=5)


@dataclass(frozen=True, slots=True)
class Setting:
    """What kind of run a seed gives."""

    members: int
    tolerated: int  # liars for which the quorums are made
    liars: tuple[int, ...]
    ways: tuple[str, ...]  # of each liar


@dataclass
class Host:
    """An honest robot, its disk and its decider."""

    number: int
    value: bytes
    decider: Decider
    disk: Saved | None = None


@dataclass
class Parts:
    """What a run is made of; a mutant puts a broken part in."""

    decider: type[Decider] = Decider
    forgets: bool = False  # the disk, at a crash
    extra_liars: int = 0  # beyond what n bears


class Run:
    """One decision.

    Parameters
    ----------
    seed
        Everything follows from it.
    parts
        What the robots are made of.
    ways
        How the liars lie; None: as the seed decides.
    """

    def __init__(self, seed: int, parts: Parts | None = None, ways: tuple[str, ...] | None = None) -> None:
        self.parts = parts or Parts()
        self.dice = dice = Dice(seed)
        self.clock = Clock()
        members = dice.pick((4, 4, 5, 7, 7, 10))
        tolerated = liars_tolerated(members)
        count = tolerated + self.parts.extra_liars
        shuffled = sorted(range(members), key=lambda _: dice.share())
        names = tuple(WAYS)
        chosen = tuple(ways[i % len(ways)] if ways else dice.pick(names) for i in range(count))
        self.setting = Setting(members, tolerated, tuple(sorted(shuffled[:count])), chosen)
        self.instance = b"decision %d" % seed
        self.notary = Notary(members)
        self.tally: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.is_bad = True
        self.cut: frozenset[int] = frozenset()  # a group that the others don't reach while the radio is bad
        # What liars tell each other part; in half of the runs the honest of one part don't reach the other at first.
        self.half = {number: int(dice.chance(0.5)) for number in range(members)}
        self.split = dice.chance(0.5)
        self.hosts = {
            number: self._host(number, dice.pick(VALUES))
            for number in range(members)
            if number not in self.setting.liars
        }
        self.liars: dict[int, Liar] = {}
        pool: dict[str, list[Message]] = {}
        for number, way in zip(self.setting.liars, self.setting.ways, strict=True):
            self.liars[number] = WAYS[way](number, self, pool)

    def make(self, number: int, value: bytes, saved: Saved | None = None, kind: type[Decider] | None = None) -> Decider:
        """Return a member; also liars play some, as they should or with two faces."""
        setting = self.setting
        return (kind or Decider)(
            number,
            setting.members,
            setting.tolerated,
            self.instance,
            value,
            lambda value: value in VALUES,
            self.notary.signer(number),
            self.notary,
            TIMING,
            saved,
        )

    def _host(self, number: int, value: bytes) -> Host:
        return Host(number, value, self.make(number, value, kind=self.parts.decider))

    # the radio

    def send(self, sender: int, letter: Letter, extra: int = 0) -> None:
        """Send a letter; liars have the better radio, and may hold a letter back for some moments."""
        self.sent[type(letter.message).__name__] += 1
        if letter.to in self.liars:
            self.clock.after(1 + extra, self._arrive, letter)
            return
        bad = self.is_bad and sender not in self.liars
        if bad and (self.dice.chance(0.15) or (sender in self.cut) != (letter.to in self.cut)):
            return
        self.clock.after(self._delay() + extra, self._arrive, letter)
        if self.is_bad and self.dice.chance(0.1):
            self.clock.after(self._delay() + extra, self._arrive, letter)

    def _delay(self) -> int:
        return self.dice.between(1, 8 * TICK if self.is_bad and self.dice.chance(0.3) else TICK)

    def _arrive(self, letter: Letter) -> None:
        if letter.to in self.liars:
            self.liars[letter.to].hear(letter.message)
            return
        host = self.hosts[letter.to]
        host.decider.step(letter.message)
        self._pump(host)

    def _pump(self, host: Host) -> None:
        saved, letters = host.decider.ready()
        if saved is not None:
            host.disk = saved
            self._check(host)
        for letter in letters:
            self.send(host.number, letter)

    # time

    def _tick(self, host: Host) -> None:
        self.clock.after(TICK + self.dice.between(-TICK // 20, TICK // 20), self._tick, host)
        if self.is_bad and self.dice.chance(0.01):
            self._restart(host)
        host.decider.tick()
        self._pump(host)

    def _restart(self, host: Host) -> None:
        """Crash, and start from the disk; what was heard is forgotten, and proofs with it."""
        self.tally["restarts"] += 1
        saved = None if self.parts.forgets else host.disk
        host.decider = self.make(host.number, host.value, saved, self.parts.decider)

    def _liar_tick(self, liar: Liar) -> None:
        self.clock.after(TICK, self._liar_tick, liar)
        liar.tick()

    def run(self) -> Run:
        """Run to the end and check everything.

        Raises
        ------
        Violation
            If a property did not hold; it names no seed.
        """
        for host in self.hosts.values():
            self._pump(host)
            self.clock.after(self.dice.between(1, TICK), self._tick, host)
        for liar in self.liars.values():
            self.clock.after(self.dice.between(1, TICK), self._liar_tick, liar)
        for tick in range(0, BAD, 10):
            group = [number for number in range(self.setting.members) if self.dice.chance(0.4)]
            if self.split:
                group = [number for number, half in self.half.items() if half]
            self.cut = frozenset(group) if self.split or self.dice.chance(0.4) else frozenset()
            self.clock.run((tick + 10) * TICK)
        self.is_bad, self.cut = False, frozenset()
        now = BAD
        while any(host.decider.decided is None for host in self.hosts.values()):
            if now >= END:
                raise Violation(f"progress: not all honest members have decided after {now} ticks")
            now += 10
            self.clock.run(now * TICK)
        self.tally["ticks"] += now
        self.tally["views"] += max(host.decider.view for host in self.hosts.values())
        self.tally["proofs"] += len({liar for host in self.hosts.values() for liar in host.decider.conflicts})
        for host in self.hosts.values():
            self._check_proofs(host)
        return self

    # checks

    def _check(self, host: Host) -> None:
        value = host.decider.decided
        if value is None:
            return
        if value not in VALUES:
            raise Violation(f"validity: member {host.number} decided {value!r}")
        for other in self.hosts.values():
            if other.decider.decided not in (None, value):
                words = f"member {host.number} decided {value!r}, member {other.number} {other.decider.decided!r}"
                raise Violation(f"agreement: {words}")

    def _check_proofs(self, host: Host) -> None:
        for member, conflict in host.decider.conflicts.items():
            if not is_proof(conflict, self.notary) or conflict.one.member != member:
                raise Violation(f"proof: member {host.number} keeps one that does not hold")
            if member in self.hosts:
                raise Violation(f"proof: honest member {member} is shown to lie")


def run(seed: int, parts: Parts | None = None, ways: tuple[str, ...] | None = None) -> Run:
    """Run one seed; a violation names it."""
    one = Run(seed, parts, ways)
    try:
        return one.run()
    except Violation as violation:
        setting = one.setting
        raise Violation(f"{violation} (seed {seed}, {setting.members} members, liars {setting.ways})") from None
