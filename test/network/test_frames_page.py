"""docs/frames.md shows a real frame, byte for byte, and names every cause of dropping."""

from __future__ import annotations

from pathlib import Path

import msgspec

from swarm_consensus.agreement import asking
from swarm_consensus.agreement.asking import Entries, Known, Question, pack_question, pack_told
from swarm_consensus.agreement.raft.messages import COMMAND, Entry
from swarm_consensus.consensus.running_sums import Given, Sums
from swarm_consensus.network.channel import Channel, ChannelModel
from swarm_consensus.network.frame import (
    Frame,
    Sighting,
    Sightings,
    Values,
    decode,
    encode,
    messages_of,
    pack_ids,
    packed,
)
from swarm_consensus.network.inbox import CAUSES
from swarm_consensus.robot.quantities import Told, write

PAGE = (Path(__file__).parents[2] / "docs" / "frames.md").read_text(encoding="utf-8")
NEWS = Sightings((Sighting(robot=4, tick=1190, x=-2.0, y=0.5, z=0.0625),))
FRAME = Frame(
    sender=3,
    sequence=1200,
    tick=1201,
    position=(1.5, -2.25, 0.75),
    velocity=(0.5, 0.0, -0.125),
    held=pack_ids([0, 1, 9]),
    pushing=False,
    messages=(packed(NEWS),),
    anchor=(1500, -2250, 762),
)


def annotated(frame: Frame) -> list[tuple[bytes, str]]:
    """Cut a frame into its parts, each with what it says."""
    data = encode(frame)
    news = NEWS.entries[0]
    pack = msgspec.msgpack.encode
    return [
        (data[:2], 'magic "SC"'),
        (data[2:3], "version 1"),
        (data[3:5], f"length of the payload, {len(data) - 5}"),
        (data[5:6], "array of 9"),
        (pack(frame.sender), f"sender {frame.sender}"),
        (pack(frame.sequence), f"sequence {frame.sequence}"),
        (pack(frame.tick), f"tick {frame.tick}"),
        *triple("position", frame.position, "m"),
        *triple("velocity", frame.velocity, "m/s"),
        (pack(frame.held), "held: 2 bytes, robots 0, 1 and 9"),
        (pack(frame.pushing), "not pushing"),
        (b"\x91", "one message"),
        (b"\x92" + pack("sightings"), 'array of 2, tag "sightings"'),
        (b"\x91", "one sighting"),
        (b"\x95" + pack(news.robot), f"array of 5, robot {news.robot}"),
        (pack(news.tick), f"tick {news.tick}"),
        *((pack(value), f"{axis} {value} m") for axis, value in zip("xyz", (news.x, news.y, news.z), strict=True)),
        *triple("anchor", (1500, -2250, 762), "mm"),
    ]


def triple(name: str, vector: tuple[float, float, float], unit: str) -> list[tuple[bytes, str]]:
    x, y, z = map(msgspec.msgpack.encode, vector)
    return [
        (b"\x93" + x, f"{name}: array of 3, x {vector[0]} {unit}"),
        (y, f"y {vector[1]} {unit}"),
        (z, f"z {vector[2]} {unit}"),
    ]


def numbered(parts: list[tuple[bytes, str]]) -> str:
    """Return a listing as it stands on the page."""
    lines, offset = [], 0
    for part, meaning in parts:
        lines.append(f"{offset:4d}  {part.hex(' '):<36}{meaning}".rstrip())
        offset += len(part)
    return "\n".join(lines)


def test_the_page_lists_a_real_frame_byte_for_byte() -> None:
    assert b"".join(part for part, _ in annotated(FRAME)) == encode(FRAME)
    assert messages_of(decode(encode(FRAME))) == (NEWS,)
    assert numbered(annotated(FRAME)) in PAGE, f"docs/frames.md should show:\n{numbered(annotated(FRAME))}"


def test_the_page_lists_a_real_message_of_values_byte_for_byte() -> None:
    pack = msgspec.msgpack.encode
    given = Given(robot=0, session=1100, sums=(700_000, 2**49))
    told = Told(value=(21.5,), degree=2, sums=Sums(tick=1200, entries=(given,)))
    parts = [
        (b"\x92" + pack("values"), 'array of 2, tag "values"'),
        (b"\x91", "one entry"),
        (b"\x93\x91" + pack(21.5), "array of 3, value 21.5"),
        (pack(told.degree), f"degree {told.degree}"),
        (b"\x93" + pack("sums"), 'array of 3, tag "sums"'),
        (pack(1200), "tick 1200"),
        (b"\x91", "one robot is given something"),
        (b"\x93" + pack(given.robot), f"array of 3, robot {given.robot}"),
        (pack(given.session), f"session {given.session}"),
        (b"\x92" + pack(given.sums[0]), f"array of 2, {given.sums[0]} units of 2^-35"),
        (pack(given.sums[1]), "half a robot's weight"),
    ]
    assert b"".join(part for part, _ in parts) == bytes(packed(Values((write(told),))))
    listing = numbered(parts)
    assert listing in PAGE, f"docs/frames.md should show:\n{listing}"


def test_the_page_lists_a_real_question_and_a_real_page_of_a_log_byte_for_byte() -> None:
    pack = msgspec.msgpack.encode
    question = Question(number=70_000, robot=1, part="log", place=41)
    parts = [
        (b"SA", 'magic "SA"'),
        (b"\x01", "version 1"),
        (b"\x00\x0c", "length of the payload, 12"),
        (b"\x94" + pack(question.number), f"array of 4, number {question.number}"),
        (pack(question.robot), f"robot {question.robot}"),
        (pack(question.part), f'part "{question.part}"'),
        (pack(question.place), f"from entry {question.place} on"),
    ]
    assert b"".join(part for part, _ in parts) == pack_question(question)
    assert numbered(parts) in PAGE, f"docs/frames.md should show:\n{numbered(parts)}"

    known = Known(term=3, leader=0, applied=40, commit=40, last=41)
    told = asking.Told(question.number, 1, known, Entries(previous=3, entries=(Entry(3, COMMAND, b"tea"),)))
    parts = [
        (b"ST", 'magic "ST"'),
        (b"\x01", "version 1"),
        (b"\x00\x1c", "length of the payload, 28"),
        (b"\x94" + pack(told.number), f"array of 4, number {told.number}"),
        (pack(told.robot), f"robot {told.robot}"),
        (b"\x95" + pack(known.term), f"array of 5, term {known.term}"),
        (pack(known.leader), f"robot {known.leader} leads"),
        (pack(known.applied), f"applied up to {known.applied}"),
        (pack(known.commit), f"settled up to {known.commit}"),
        (pack(known.last), f"stored up to {known.last}"),
        (b"\x93" + pack("log"), 'array of 3, tag "log"'),
        (pack(3), "entry 40 is of term 3"),
        (b"\x91", "one entry"),
        (b"\x93" + pack(3), "array of 3, of term 3"),
        (pack(COMMAND), "a command"),
        (pack(b"tea"), "3 bytes of it"),
    ]
    assert b"".join(part for part, _ in parts) == pack_told(told, None, b"")
    assert numbered(parts) in PAGE, f"docs/frames.md should show:\n{numbered(parts)}"


def test_the_page_names_every_cause_and_counter() -> None:
    import numpy as np

    counters = Channel(ChannelModel(range=1.0, period=1.0), np.random.default_rng(0)).counts
    missing = [name for name in (*CAUSES, *counters) if f"`{name}`" not in PAGE]
    assert not missing
