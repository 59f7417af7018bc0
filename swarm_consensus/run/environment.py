"""The environment in which DDS starts: which domain, which interfaces, how quickly robots find each other."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from swarm_consensus.errors import SwarmError

PROFILE = Path(__file__).with_name("discovery.xml")
VISITOR = Path(__file__).with_name("visitor.xml")
PARENT = "SWARM_CONSENSUS_PARENT"  # process id; the process that finds it in its environment dies with that one
_RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
_PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")  # until Jazzy, from Kilted on
_KILTED = 9  # major version of its rclpy
_LAST_DOMAIN = 101  # the ports of higher ones may be taken as ephemeral ports on Linux
_HIGHEST_DOMAIN = 232  # its ports are the last that there are
_SET_PDEATHSIG = 1


@contextmanager
def local_domain(environ: MutableMapping[str, str] = os.environ) -> Iterator[int]:
    """Prepare the environment for a swarm on this machine, and give the domain back at the end.

    What the user has set stays; an empty variable is not set, as for ROS itself. Otherwise: a domain in which nobody
    is, so that two runs side by side never meet, and the transport that discovery.xml describes, from which nothing
    leaves this machine.

    Parameters
    ----------
    environ
        To be changed while the ``with`` block lasts.

    Raises
    ------
    SwarmError
        If all domains are taken, or the user's is none.
    """
    defaults = _transport(environ)
    claim = None
    chosen = environ.get("ROS_DOMAIN_ID")
    if chosen:
        domain = _domain(chosen)
    else:
        domain, claim = _claim_domain()
        defaults["ROS_DOMAIN_ID"] = str(domain)
    try:
        with _defaults(environ, defaults):
            yield domain
    finally:
        if claim is not None:
            claim.close()


@contextmanager
def visiting(environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Prepare the environment for who joins a swarm for a moment: in the user's domain, understood by simulated robots.

    Parameters
    ----------
    environ
        To be changed while the ``with`` block lasts; what the user has set stays.
    """
    with _defaults(environ, {profile_variable(): str(VISITOR)} if _reads_profiles(environ) else {}):
        yield


@contextmanager
def _defaults(environ: MutableMapping[str, str], values: Mapping[str, str]) -> Iterator[None]:
    """Set what is not set, for a while; an empty variable is not set."""
    added = {name: value for name, value in values.items() if not environ.get(name)}
    before = {name: environ[name] for name in added if name in environ}
    environ.update(added)
    try:
        yield
    finally:
        for name in added:
            environ.pop(name, None)
        environ.update(before)


def die_with_parent() -> None:
    """If the environment names this process's parent, be killed by the kernel when that one ends, however it ends."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it ended before the kernel was told
        os.kill(os.getpid(), signal.SIGKILL)


def _transport(environ: Mapping[str, str]) -> dict[str, str]:
    """Return our profile if it will be read, and a discovery range that keeps to this machine either way."""
    if not _reads_profiles(environ):
        return {_RANGE: "LOCALHOST"}
    # By itself LOCALHOST would replace the profile's transport; SYSTEM_DEFAULT leaves all to the profile.
    return {_RANGE: "SYSTEM_DEFAULT", profile_variable(): str(PROFILE)}


def _reads_profiles(environ: Mapping[str, str]) -> bool:
    """Tell whether a profile of ours will be read: by Fast DDS, and in no other's place."""
    fast_dds = "fastrtps" in (environ.get("RMW_IMPLEMENTATION") or "rmw_fastrtps_cpp")
    return fast_dds and not any(environ.get(name) for name in _PROFILES)


def profile_variable() -> str:
    """Return the name by which the installed ROS is told a profile; a newer one warns of the old name."""
    try:
        return _PROFILES[int(version("rclpy").partition(".")[0]) >= _KILTED]
    except (PackageNotFoundError, ValueError):
        return _PROFILES[0]


def _domain(text: str) -> int:
    """Read a domain that the user chose."""
    if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_DOMAIN):
        raise SwarmError(f"ROS_DOMAIN_ID is '{text}', must be a whole number from 0 to {_HIGHEST_DOMAIN}")
    return int(text)


def _claim_domain() -> tuple[int, socket.socket]:
    """Find a domain without participants; it is ours as long as the returned socket is open."""
    first = os.getpid() % _LAST_DOMAIN
    for offset in range(_LAST_DOMAIN):
        domain = 1 + (first + offset) % _LAST_DOMAIN
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0swarm_consensus.domain.{domain}")  # abstract: ends with the process, leaves no file
            if not _inhabited(domain):
                return domain, claim
        except OSError:
            pass
        claim.close()
    raise SwarmError(
        f"all ROS domains from 1 to {_LAST_DOMAIN} are in use on this machine; set ROS_DOMAIN_ID to share one"
    )


def _inhabited(domain: int) -> bool:
    """Return whether a participant listens at the domain's first unicast port (RTPS 2.5, section 9.6.2.4)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", 7400 + 250 * domain + 10))
        except OSError:
            return True
    return False
