"""What the journal says of mission bundles: who vouched for which, and which were refused and why."""

from __future__ import annotations

import msgspec

from swarm_consensus.agreement.activation import Activations, Announce, Whole, answer_of, pack
from swarm_consensus.agreement.commands import STRANGERS, UNPROVEN, Commands, Line, read_line
from swarm_consensus.agreement.roles import Person
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.manifest import Manifest, sign

ADA, BOB, NOBODY = (PrivateKey(bytes([number]) * 32) for number in (1, 2, 3))
FIRST, SECOND = sign("map", 1, b"first", ADA), sign("map", 2, b"second", ADA)


class Log:
    """Both machines, as they stand behind one log."""

    def __init__(self, most: int = 1000) -> None:
        people = {ADA.public.raw: Person("ada", "administrator", 0, 0), BOB.public.raw: Person("bob", "operator", 0, 0)}
        self.commands = Commands(people, b"swarm", most=most)
        self.bundles = Activations(self.commands.roles.commanders, self.commands.bundle)
        self.index = 0

    def told(self, request: Announce | Whole) -> str:
        self.index += 1
        return answer_of(self.bundles.apply(self.index, pack(request)))

    @property
    def lines(self) -> list[Line]:
        found = [read_line(line) for line in self.commands.lines]
        assert None not in found
        return [line for line in found if line is not None]


def unsigned(number: int) -> Manifest:
    return msgspec.structs.replace(SECOND, signature=b"", number=number)


def test_it_tells_who_vouched_for_what_and_when_and_once() -> None:
    log = Log()
    assert log.told(Announce(FIRST, (0, 1), robot=1, tick=7)) == ""
    assert "not newer" in log.told(Announce(FIRST, (0, 1), robot=2, tick=8))  # told once more: no second line
    log.told(Whole("map", 1, 0))
    (line,) = log.lines
    assert (line.index, line.tick, line.robot, line.number) == (1, 7, 1, 1)
    assert (line.ruling.author, line.ruling.action, line.ruling.allowed) == ("ada", "bundle", True)


def test_what_is_refused_is_written_down_with_a_sentence_and_nothing_of_it_is_taken() -> None:
    log = Log()
    lies = msgspec.structs.replace(SECOND, size=SECOND.size + 1)
    wrong = [
        (unsigned(2), UNPROVEN, "its root is not signed"),
        (lies, UNPROVEN, "the signature does not fit"),
        (sign("map", 2, b"x", BOB), UNPROVEN, "no commander's"),
        (sign("map", 2, b"x", NOBODY), UNPROVEN, "no commander's"),
        (sign("old", 3, b"x", ADA), "ada", "is for nobody"),
    ]
    for manifest, _, words in wrong:
        needed = () if manifest.name == "old" else (0,)
        assert words in log.told(Announce(manifest, needed, robot=4, tick=9))
    assert log.bundles.coming == {}
    kept = [(author, words) for _, author, words in wrong]
    del kept[3]  # the same sentence as the one before
    for line, (author, words) in zip(log.lines, kept, strict=True):
        assert (line.ruling.author, line.ruling.action, line.ruling.allowed, line.robot) == (author, "bundle", False, 4)
        assert words in line.ruling.why


def test_many_robots_that_report_one_bundle_make_one_line_also_after_a_snapshot() -> None:
    log, other = Log(), Log()
    for robot in range(12):
        log.told(Announce(unsigned(2), (), robot=robot))
    assert len(log.lines) == 1
    other.commands.restore(log.commands.snapshot())
    other.told(Announce(unsigned(2), (), robot=3))
    assert other.commands.lines == log.commands.lines


def test_a_flood_of_false_bundles_does_not_fill_the_journal_and_a_true_one_still_counts() -> None:
    log = Log()
    for number in range(2, 3 * STRANGERS):
        assert "not signed" in log.told(Announce(unsigned(number), ()))
    assert len(log.lines) == STRANGERS
    assert log.told(Announce(FIRST, (0,))) == ""
    assert log.lines[-1].ruling.allowed


def test_a_bundle_that_can_not_be_written_down_does_not_count() -> None:
    log = Log(most=1)
    assert log.told(Announce(FIRST, (0,))) == ""
    assert "the journal is full" in log.told(Announce(SECOND, (0,)))
    assert log.bundles.coming["map"].manifest == FIRST
