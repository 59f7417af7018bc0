"""Where jobs take effect: ``executor.py FOLDER`` hears the air, answers, and writes down each attempt."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from member import Diary
from rclpy.node import Node
from std_msgs.msg import UInt8MultiArray

from swarm_consensus.network.frame import FrameError, decode
from swarm_consensus.network.replay import MemoryMarks
from swarm_consensus.nodes.conversions import frame_from_ros, frame_to_ros
from swarm_consensus.nodes.executor import EventLoop, session
from swarm_consensus.nodes.qos import CLOCK
from swarm_consensus.robot.air import Ears
from swarm_consensus.run.environment import die_with_parent
from swarm_consensus.simulation.office import Office


def main() -> None:
    die_with_parent()
    diary, office = (
        Diary(Path(sys.argv[1]) / "executor.jsonl"),
        Office(Ears(None, b"", MemoryMarks()), np.random.default_rng(0), loss=0.0),
    )
    with session():
        node = Node("executor", start_parameter_services=False, enable_rosout=False)

        def hear(message: UInt8MultiArray) -> None:
            data = frame_from_ros(message)
            try:
                frames = [None] * decode(data).sender + [data]
            except FrameError:
                return  # a robot that does not know yet where it is says nothing
            for effect in office.hear(frames):
                diary.note("attempt", number=effect.number, token=effect.token, verdict=effect.verdict)
            for answer in [each for answers in office.answers(len(frames)) for each in answers]:
                frame_to_ros(answer, said)
                air.publish(said)

        air, said = node.create_publisher(UInt8MultiArray, "/swarm/air", CLOCK.air), UInt8MultiArray()
        node.create_subscription(UInt8MultiArray, "/swarm/air", hear, CLOCK.air)
        loop = EventLoop()
        loop.add(node)
        diary.note("up")
        loop.run()
        loop.close()


if __name__ == "__main__":
    main()
