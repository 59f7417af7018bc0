"""Machines of their own on one host: network namespaces, joined by a switch with two sides that can be cut apart.

Everything is made under names with this process's number, and goes away with `Lab.close`; nothing outside is touched.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SIDES = ("one", "two")
PATIENCE_S = 10  # for one command of iproute2


class LabError(Exception):
    """What iproute2 refused, in its words."""


class Lab:
    """A switch, and machines that are plugged into it.

    Parameters
    ----------
    machines
        Their names, at most 8 letters each; all are on side ``one`` at first.
    """

    def __init__(self, machines: Sequence[str]) -> None:
        self._prefix = f"swc{os.getpid()}"
        self._made: list[str] = []
        try:
            switch = self._namespace("switch")
            for side in SIDES:
                self._ip("-n", switch, "link", "add", side, "type", "bridge", "mcast_snooping", "0")
                self._ip("-n", switch, "link", "set", side, "up")
            for number, machine in enumerate(machines, 1):
                self._plug_in(machine, f"10.77.0.{number}/24")
        except BaseException:
            self.close()
            raise

    def _plug_in(self, machine: str, address: str) -> None:
        switch, space = self._name("switch"), self._namespace(machine)
        pair = ("name", machine, "type", "veth", "peer", "name", "air", "netns", space)
        self._ip("-n", switch, "link", "add", *pair)
        self._ip("-n", switch, "link", "set", "dev", machine, "master", SIDES[0], "up")
        self._ip("-n", space, "link", "set", "lo", "up", "multicast", "on")
        self._ip("-n", space, "address", "add", address, "dev", "air")
        self._ip("-n", space, "link", "set", "air", "up", "multicast", "on")
        self._ip("-n", space, "route", "add", "224.0.0.0/4", "dev", "air")

    def plug(self, machines: Iterable[str], side: str) -> None:
        """Plug machines into a side: what was on its way to the other one is lost."""
        for machine in machines:
            self._ip("-n", self._name("switch"), "link", "set", "dev", machine, "master", side)

    def start(
        self, machine: str, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a process on a machine; its number is that of the command, not of a wrapper."""
        inside = ["ip", "netns", "exec", self._name(machine), *command]
        with log.open("ab") as file:
            return subprocess.Popen(inside, env={**os.environ, **environment}, stdout=file, stderr=file)

    def close(self) -> None:
        """Remove everything; processes must have ended."""
        for name in reversed(self._made):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=PATIENCE_S, check=False)
        self._made.clear()

    def _name(self, machine: str) -> str:
        return f"{self._prefix}-{machine}"

    def _namespace(self, machine: str) -> str:
        name = self._name(machine)
        self._ip("netns", "add", name)
        self._made.append(name)
        return name

    def _ip(self, *arguments: str) -> None:
        try:
            done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        except FileNotFoundError:
            raise LabError("iproute2 is not installed") from None
        if done.returncode:
            raise LabError(f"ip {' '.join(arguments)}: {done.stderr.strip() or done.returncode}")
