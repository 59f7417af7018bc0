"""All robots' nodes in the world's own process, on its event loop; they still talk over DDS."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rclpy.parameter import Parameter

from swarm_consensus.nodes.executor import EventLoop
from swarm_consensus.nodes.orders import Pace
from swarm_consensus.nodes.robot_node import RobotNode
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.fleet import agent_configs


class Composed:
    """A crew that makes and destroys nodes.

    Parameters
    ----------
    simulation
        Whose robots they are.
    loop
        Serves the nodes.
    pace
        Theirs.
    make_agent
        What turns orders into a robot; tests put baselines and mutants here.
    """

    def __init__(
        self,
        simulation: Simulation,
        loop: EventLoop,
        pace: Pace,
        make_agent: Callable[[AgentConfig], Agent] = Agent,
    ) -> None:
        scenario, robots = simulation.scenario, simulation.robots
        self._orders = {rejoin: agent_configs(scenario, robots, rejoin=rejoin) for rejoin in (False, True)}
        self._loop = loop
        self._pace = pace
        self._make_agent = make_agent
        self._nodes: dict[int, RobotNode] = {}

    def start(self, robot: int, rejoin: bool) -> None:
        """Make a robot's node."""
        orders = self._orders[rejoin][robot]
        node = RobotNode(
            self._make_agent(orders),
            self._pace,
            namespace=orders.roster[robot].name,
            use_global_arguments=False,
            enable_rosout=False,
            parameter_overrides=[
                Parameter("use_sim_time", value=self._pace == "clock"),
                Parameter("start_type_description_service", value=False),
            ],
        )
        self._nodes[robot] = node
        self._loop.add(node)

    def stop(self, robot: int) -> None:
        """Destroy a robot's node."""
        node = self._nodes.pop(robot, None)
        if node is not None:
            self._loop.remove(node)
            node.destroy_node()

    def ended(self) -> Sequence[tuple[int, str]]:
        """Return nobody: a node can't end alone in a process."""
        return ()

    def close(self) -> None:
        """Destroy all nodes."""
        for robot in tuple(self._nodes):
            self.stop(robot)
