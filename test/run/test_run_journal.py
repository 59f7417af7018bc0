"""The journal of a run: what was altered, left out, moved or added is found, also by who can mend checksums."""

from __future__ import annotations

from pathlib import Path

import pytest

from swarm_consensus.agreement.commands import Commands, bring
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.roles import Person, sign
from swarm_consensus.cli import main
from swarm_consensus.network.key_files import leaks
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.robot.minutes import Minutes, fault
from swarm_consensus.robot.mission import order
from swarm_consensus.run.disks import open_disk
from swarm_consensus.run.journal import minutes_of
from swarm_consensus.run.options import Options
from swarm_consensus.run.run import run
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.identities import secrets_of, simulated_key, swarm_of

ALICE, ROBOT, OTHER = (PrivateKey(bytes([each]) * 32) for each in (1, 2, 3))
SWARM = b"journal"
WORLD = """
file_version: 1
name: obeying
bounds_m: [[-6, -6], [6, 6]]
radio: {range_m: 8}
robots:
  - {name: a, vehicle: rover, position_m: [-2, 0]}
  - {name: b, vehicle: multirotor, position_m: [0, 0, 1]}
mission: {behaviour: rendezvous}
agreement: {election_s: 1.0, heartbeat_s: 0.2, delay_s: 0.2}
security: {seal: identity}
operators: [{name: alice, role: administrator}, {name: bob}]
commands:
  - {at_s: 2, operator: alice, order: halt, heard_by: [a]}
  - {at_s: 3, until_s: 3.9, operator: bob, order: resume, heard_by: [b]}
  - {at_s: 4, operator: alice, order: grant, who: bob, role: operator, heard_by: [b]}
  - {at_s: 5, operator: bob, order: resume, heard_by: [a]}
  - {at_s: 6, operator: bob, order: land, heard_by: [b]}
expect: {orders_agree: true, contacts: 0}
duration_s: 9
"""


def written(count: int = 4) -> list[bytes]:
    """The minutes of a robot that wrote a line at a time."""
    machine = Commands({ALICE.public.raw: Person("alice", "administrator", 0, 0)}, SWARM)
    shelf = MemoryStorage(members([0]))
    minutes = Minutes(shelf, ROBOT, SWARM)
    for number in range(1, count + 1):
        machine.apply(number, bring(0, number, sign(ALICE, number, order("halt"), SWARM)))
        minutes.keep(machine.lines)
    return shelf.journal()


def test_what_a_robot_wrote_is_sound_and_goes_on_after_a_restart() -> None:
    lines = written()
    assert len(lines) == 8
    assert fault(lines, ROBOT.public, SWARM) == ""
    assert fault([], ROBOT.public, SWARM) == ""
    assert fault(lines, OTHER.public, SWARM).startswith("the head in line 1 is not signed by this robot")
    assert fault(lines, ROBOT.public, b"other").startswith("the head in line 1 is not signed by this robot")


@pytest.mark.parametrize("place", range(8))
def test_every_line_that_is_altered_left_out_moved_or_added_is_found(place: int) -> None:
    lines, key = written(), ROBOT.public
    for other in (place + 1, place + 2):
        if other < len(lines):
            moved = list(lines)
            moved[place], moved[other] = moved[other], moved[place]
            assert fault(moved, key, SWARM)
    assert fault([*lines[:place], *lines[place + 1 :]], key, SWARM) or place == 7
    assert fault([*lines[:place], lines[0], *lines[place:]], key, SWARM)
    for bit in range(0, len(lines[place]) * 8, 11):
        altered = bytearray(lines[place])
        altered[bit // 8] ^= 1 << bit % 8
        assert fault([*lines[:place], bytes(altered), *lines[place + 1 :]], key, SWARM)


def test_a_run_keeps_its_journal_shows_it_verifies_it_and_leaks_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = tmp_path / "obeying.yaml"
    world.write_text(WORLD)
    result = run(Options(str(world), transport="memory", physics="kinematic", out=str(tmp_path / "run")))
    assert result.verdict.held, result.verdict.expectations
    assert leaks(tmp_path, secrets_of(load(world))) == []
    files = sorted(str(path) for path in (tmp_path / "run" / "facts").glob("*.sqlite"))
    assert main(["journal", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("allowed") == 4  # halt, grant, resume, land; bob was a stranger when he gave up at first
    assert main(["journal", "verify", *files]) == 0
    assert capsys.readouterr().out.count("all as they were signed") == 2
    # somebody rewrites a's disk, checksums and all
    lines = minutes_of(Path(files[0]))
    forged = open_disk(tmp_path / "run" / "forged", "a", members([0, 1]))
    forged.append_journal([lines[0], *lines[2:]])
    forged.close()
    assert main(["journal", "verify", str(tmp_path / "run" / "forged" / "a.sqlite"), files[1]]) == 1
    assert "lines 0 to 2: 1 missing or moved" in capsys.readouterr().out
    assert main(["journal", "verify", str(tmp_path / "no.sqlite")]) == 2
    assert main(["journal", str(tmp_path)]) == 2


def stored(folder: Path, robot: str, lines: list[bytes]) -> Path:
    """A run folder's file of a robot, with these lines in its journal."""
    disk = open_disk(folder / "facts", robot, members([0, 1]))
    if lines:
        disk.append_journal(lines)
    disk.close()
    return folder / "facts" / f"{robot}.sqlite"


def signed(robot: str, world: Path) -> list[bytes]:
    """Minutes of three rulings, as a simulated robot of a world signs them."""
    swarm = swarm_of(load(world))
    machine = Commands({ALICE.public.raw: Person("alice", "administrator", 0, 0)}, swarm)
    shelf = MemoryStorage(members([0]))
    minutes = Minutes(shelf, simulated_key(swarm, "robot", robot), swarm)
    for number in (1, 2, 3):
        machine.apply(number, bring(0, number, sign(ALICE, number, order("halt"), swarm)))
        minutes.keep(machine.lines)
    return shelf.journal()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([0, 1, 3, 4, 5], "line 2: 1 missing or moved; those before line 2 are sound"),
        ([1, 2, 3], "line 0: 1 missing or moved"),
        ([2, 3, 0, 1, 4, 5], "lines 0 to 2: 2 missing or moved"),
        ([4, 1, 2, 3, 0, 5], "line 0: altered or moved"),
        ([0, 1, 2, 0, 3], "lines 2 to 3: 1 added or moved; those before line 2 are sound"),
        ([0, 1, 2], "lines from 2 on are vouched for by no head: the end is missing or was added"),
        ([0], "lines from 0 on are vouched for by no head: the end is missing or was added"),
    ],
)
def test_where_lines_were_moved_left_out_or_added_is_said(lines: list[int], words: str) -> None:
    whole = written()
    assert fault([whole[line] for line in lines], ROBOT.public, SWARM) == words


def test_an_end_that_is_missing_behind_a_head_is_seen_beside_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(WORLD)
    a, b = stored(tmp_path, "a", signed("a", world)[:2]), stored(tmp_path, "b", signed("b", world))
    assert main(["journal", "verify", str(a), str(b)]) == 0  # who was out of touch has no more either
    said = capsys.readouterr().out
    assert f"{a}: note: ends 2 rulings before that of b: it was out of touch, or the end is missing" in said
    assert main(["journal", "verify", str(b)]) == 0
    assert "note" not in capsys.readouterr().out


def test_verifying_writes_nothing_and_an_empty_file_is_no_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(WORLD)
    file = tmp_path / "facts" / "a.sqlite"
    running = open_disk(file.parent, "a", members([0, 1]))  # the robot goes on while its journal is looked at
    running.append_journal(signed("a", world))
    before = {each.name: each.read_bytes() for each in file.parent.iterdir()}
    assert main(["journal", "verify", str(file)]) == 0
    assert main(["journal", str(tmp_path)]) == 0
    assert {each.name: each.read_bytes() for each in file.parent.iterdir()} == before
    running.close()
    capsys.readouterr()
    file.write_bytes(b"")
    assert main(["journal", "verify", str(file)]) == 1
    assert capsys.readouterr().out == f"{file}: is empty: nothing was written into it yet, or all of it is gone\n"
    assert file.read_bytes() == b""
    file.write_text("no journal at all")
    assert main(["journal", "verify", str(file)]) == 1
    assert capsys.readouterr().out.count(str(file)) == 1
