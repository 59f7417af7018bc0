"""What setup.cfg can't say: the files that make this a ROS package, also when pip installs it.

pip ignores ``install_scripts``, so the executables that ``ros2 run`` and launch look for are put into
``lib/swarm_consensus`` as data files: small shell scripts that start the module with the Python beside them.
"""

import stat
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
NODES = ("ground_station", "robot_node", "world_node")
WRAPPER = """#!/bin/sh
# Starts the node with the Python that stands beside this installation, or else the one on the path.
here=$(dirname -- "$0")
python=$here/../../bin/python3
[ -x "$python" ] || python=python3
exec "$python" -m swarm_consensus.nodes.{node} "$@"
"""


def wrappers() -> list[str]:
    """Write the executables and return their paths."""
    folder = HERE / "build" / "nodes"
    folder.mkdir(parents=True, exist_ok=True)
    for node in NODES:
        path = folder / node
        path.write_text(WRAPPER.format(node=node))
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return [f"build/nodes/{node}" for node in NODES]


def files(pattern: str) -> list[str]:
    """Return the files of a pattern, relative to the source."""
    return sorted(str(path.relative_to(HERE)) for path in HERE.glob(pattern))


setup(
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/swarm_consensus"]),
        ("share/swarm_consensus", ["package.xml"]),
        ("share/swarm_consensus/launch", files("launch/*.launch.py")),
        ("share/swarm_consensus/config", files("config/*.yaml")),
        ("share/swarm_consensus/config/security", files("config/security/*.xml")),
        ("share/swarm_consensus/worlds", files("worlds/*.yaml")),
        ("lib/swarm_consensus", wrappers()),
    ],
)
