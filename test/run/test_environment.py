"""Where DDS starts: in a domain of its own, with what the user has set, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from swarm_consensus.errors import SwarmError
from swarm_consensus.run.environment import PROFILE, VISITOR, local_domain, profile_variable, visiting

RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
PROFILES = profile_variable()
PATIENCE_S = 60


def test_two_at_once_never_meet_and_leave_nothing() -> None:
    one: dict[str, str] = {"HOME": "/"}
    two: dict[str, str] = {}
    with local_domain(one) as first, local_domain(two) as second:
        assert first != second
        assert (one["ROS_DOMAIN_ID"], two["ROS_DOMAIN_ID"]) == (str(first), str(second))
        assert one[PROFILES] == str(PROFILE)
    assert (one, two) == ({"HOME": "/"}, {})


def test_a_domain_is_given_back_also_after_a_failure() -> None:
    def failing(environ: dict[str, str], domains: list[int]) -> None:
        with local_domain(environ) as domain:
            domains.append(domain)
            raise ZeroDivisionError

    environ: dict[str, str] = {}
    domains: list[int] = []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            failing(environ, domains)
    assert environ == {}
    assert domains[0] == domains[1]  # the first free one again


def test_what_the_user_set_stays() -> None:
    environ = {"ROS_DOMAIN_ID": "42", RANGE: "SUBNET", PROFILES: "/mine.xml"}
    with local_domain(environ) as domain:
        assert domain == 42
        assert environ == {"ROS_DOMAIN_ID": "42", RANGE: "SUBNET", PROFILES: "/mine.xml"}
    assert environ == {"ROS_DOMAIN_ID": "42", RANGE: "SUBNET", PROFILES: "/mine.xml"}


def test_another_dds_keeps_to_this_machine_without_our_profile() -> None:
    environ = {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}
    with local_domain(environ):
        assert environ[RANGE] == "LOCALHOST"
        assert PROFILES not in environ


def test_an_empty_variable_is_not_set_and_is_empty_again_afterwards() -> None:
    empty = {"ROS_DOMAIN_ID": "", PROFILES: "", "RMW_IMPLEMENTATION": ""}
    environ = dict(empty)
    with local_domain(environ) as domain:
        assert environ["ROS_DOMAIN_ID"] == str(domain)
        assert environ[PROFILES] == str(PROFILE)
    assert environ == empty


def test_a_visitor_comes_into_the_domain_of_the_user_and_is_quiet_unless_he_has_a_profile() -> None:
    environ = {"ROS_DOMAIN_ID": "42"}
    with visiting(environ):
        assert environ == {"ROS_DOMAIN_ID": "42", PROFILES: str(VISITOR)}
    assert environ == {"ROS_DOMAIN_ID": "42"}
    for mine in ({PROFILES: "/mine.xml"}, {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}):
        environ = dict(mine)
        with visiting(environ):
            assert environ == mine


@pytest.mark.parametrize("wrong", ["abc", "-1", "1.5", "233", "²"])
def test_a_domain_that_there_is_not_is_a_sentence(wrong: str) -> None:
    with pytest.raises(SwarmError) as error, local_domain({"ROS_DOMAIN_ID": wrong}):
        pass
    assert str(error.value) == f"ROS_DOMAIN_ID is '{wrong}', must be a whole number from 0 to 232"


CHILD = """
import os, sys
from swarm_consensus.run.environment import die_with_parent, profile_variable
die_with_parent()
print(os.getpid(), flush=True)
sys.stdin.read()
"""
PARENT_ = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdin=subprocess.PIPE,
                         env=os.environ | {{"SWARM_CONSENSUS_PARENT": sys.argv[1] or str(os.getpid())}})
child.wait()
print("ended", child.returncode, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_a_child_dies_with_a_parent_that_is_killed() -> None:
    # The pipe's other ends are the parent's and the child's standard output: it ends when both are gone. The child's
    # own standard input stays open in a third process, so that nothing but the kernel ends it.
    reading, writing = os.pipe()
    hold = PARENT_.replace("stdin=subprocess.PIPE", f"stdin={reading}, pass_fds=[{reading}]")
    parent = subprocess.Popen([sys.executable, "-c", hold, ""], stdout=subprocess.PIPE, text=True, pass_fds=[reading])
    try:
        assert parent.stdout is not None
        assert int(parent.stdout.readline()) > 0  # the child has told the kernel
        parent.send_signal(signal.SIGKILL)
        rest, _ = parent.communicate(timeout=PATIENCE_S)
        assert rest == ""
    finally:
        os.close(writing)
        os.close(reading)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_a_child_whose_parent_was_gone_before_it_asked_ends_at_once() -> None:
    command = [sys.executable, "-c", PARENT_, "1"]  # its parent is not the process that it is told of
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert result.stdout == "ended -9\n"
