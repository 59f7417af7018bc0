"""Ground stations of a scenario: each sends one signed request to the robots in its reach, until one of them answers.

A station is no part of the swarm: what it says is heard without loss by the robots that the scenario names, as is what
these say by the station. An answer is final if the request was ruled on in the log; anything else is how it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from numpy import bool_
from numpy.typing import NDArray

from swarm_consensus.agreement.roles import Body, Grant, Revoke, Ruling, sign
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.mission import Behave, Fence, Form, Goto, order
from swarm_consensus.robot.orders import AROUND, RULING, packet_of, read_answer
from swarm_consensus.simulation.identities import ears_of, simulated_key, swarm_of
from swarm_consensus.simulation.office import notes_of
from swarm_consensus.simulation.roster import members, robot_names
from swarm_consensus.simulation.scenario import Command, Scenario

AGAIN_S = 0.5  # between two times that a request is sent


@dataclass(frozen=True, slots=True)
class Told:
    """What a robot answered to a command of the scenario."""

    command: int  # its place in the scenario
    robot: int  # who answered
    ruling: Ruling


class Stations:
    """All ground stations of a scenario.

    Parameters
    ----------
    scenario
        Checked.
    """

    def __init__(self, scenario: Scenario) -> None:
        numbers: Counter[str] = Counter()
        self._stations = []
        for place, command in enumerate(scenario.commands):
            numbers[command.operator] += 1  # in the order of the file, as its operator would have given them
            self._stations.append(_Station(scenario, place, command, numbers[command.operator]))

    def speak(self, tick: int, heard: Sequence[list[bytes]], alive: NDArray[bool_]) -> None:
        """Add requests to what each robot hears."""
        for station in self._stations:
            if station.speaks(tick):
                for robot in station.reach:
                    if alive[robot]:
                        heard[robot].append(station.packet)

    def listen(self, tick: int, packets: Sequence[bytes | None]) -> tuple[Told, ...]:
        """Hear what robots send, one packet for each; return their answers."""
        return tuple(told for station in self._stations for told in station.listen(tick, packets))


class _Station:
    """One of them."""

    def __init__(self, scenario: Scenario, place: int, command: Command, number: int) -> None:
        rate, names, swarm = scenario.control.rate_hz, robot_names(scenario), swarm_of(scenario)
        key = simulated_key(swarm, "operator", command.operator)
        self.reach = [
            i for i, name in enumerate(names) if any(name in members(each, names) for each in command.heard_by)
        ]
        self.packet = packet_of(sign(key, number, body_of(command, names, swarm, expiries(scenario)), swarm))
        self._place, self._author, self._number = place, key.public.raw, number
        self._from, self._again = round(command.at_s * rate), max(1, round(AGAIN_S * rate))
        self._until = None if command.until_s is None else round(command.until_s * rate)
        self._answered = False
        self._ears: Ears = ears_of(scenario)

    def speaks(self, tick: int) -> bool:
        """Tell whether it sends in this tick."""
        return self._listens(tick) and (tick - self._from) % self._again == 0

    def _listens(self, tick: int) -> bool:
        return not self._answered and tick >= self._from and (self._until is None or tick < self._until)

    def listen(self, tick: int, packets: Sequence[bytes | None]) -> list[Told]:
        """Take what robots in reach say."""
        if not self._listens(tick):
            return []
        found = []
        for robot in self.reach:
            packet = packets[robot]
            frame = None if packet is None else self._ears.frame(packet)
            for note in [] if frame is None else notes_of(frame, RULING):
                answer = read_answer(note)
                if answer is not None and (answer[0].author, answer[0].number) == (self._author, self._number):
                    found.append(Told(self._place, robot, answer[1]))
                    self._answered = self._answered or answer[1].index > 0
        return found


def size(command: Command, names: Sequence[str]) -> int:
    """Return how many bytes a command takes in the log; 0 for one that names no robot that there is."""
    if command.robot is not None and command.robot not in names:
        return 0
    return AROUND + len(sign(simulated_key(b"", "operator", ""), 2**32, body_of(command, names, b""), b""))


def expiries(scenario: Scenario) -> dict[str, int]:
    """Return when the keys of operators expire, s; without those that never do."""
    return {each.name: each.expires_s for each in scenario.operators if each.expires_s is not None}


def body_of(
    command: Command, names: Sequence[str], swarm: bytes, expires: Mapping[str, int] = MappingProxyType({})
) -> Body:
    """Return what a command asks for."""
    if command.order in ("grant", "revoke"):
        who = command.who or ""
        key = simulated_key(swarm, "operator", who).public.raw
        return Grant(key, who, command.role or "", expires.get(who, 0)) if command.order == "grant" else Revoke(key)
    if command.order == "goto":
        return order("goto", Goto(list(command.goal_m or ())))
    if command.order == "behaviour":
        about = None if command.robot is None else names.index(command.robot)
        return order("behaviour", Behave(command.behaviour or "", about))
    if command.order == "formation":
        return order("formation", Form([list(slot) for slot in command.slots_m]))
    if command.order == "fence":
        corners = [(point[0], point[1]) for point in command.polygon_m if len(point) == 2]
        return order("fence", Fence(corners, command.altitude_m))
    return order(command.order)
