"""What must hold between the parts of a scenario; each violation is a sentence with the numbers that show it.

Every sentence begins with the path of the field that it is about, as in ``robots[2].speed_m_s is 9, ...``. A scenario
that passes starts inside the invariant of docs/guarantees.md, so that the guarantees hold from there.
"""

from __future__ import annotations

from swarm_consensus.simulation.checks.agreement import agreement_problems
from swarm_consensus.simulation.checks.batteries import battery_problems
from swarm_consensus.simulation.checks.bundle import bundle_problems
from swarm_consensus.simulation.checks.choices import choice_problems
from swarm_consensus.simulation.checks.decisions import decision_problems
from swarm_consensus.simulation.checks.docks import dock_place_problems, dock_problems
from swarm_consensus.simulation.checks.lies import lie_problems
from swarm_consensus.simulation.checks.missions import mission_problems
from swarm_consensus.simulation.checks.quantities import quantity_problems
from swarm_consensus.simulation.checks.references import reference_problems
from swarm_consensus.simulation.checks.relations import relation_problems
from swarm_consensus.simulation.checks.robots import robot_problems
from swarm_consensus.simulation.checks.shapes import goal_problems, shape_problems
from swarm_consensus.simulation.checks.starts import start_problems
from swarm_consensus.simulation.checks.trust import trust_problems
from swarm_consensus.simulation.scenario import Scenario

__all__ = ["check"]


def check(scenario: Scenario) -> list[str]:
    """Return all problems of a scenario whose fields are each valid by themselves.

    Where the goals are and how the robots start is judged only once the polygons and robots are sound: places mean
    nothing in a broken fence.
    """
    problems = [
        *shape_problems(scenario),
        *robot_problems(scenario),
        *relation_problems(scenario),
        *reference_problems(scenario),
        *mission_problems(scenario),
        *quantity_problems(scenario),
        *lie_problems(scenario),
        *agreement_problems(scenario),
        *decision_problems(scenario),
        *bundle_problems(scenario),
        *trust_problems(scenario),
        *choice_problems(scenario),
        *battery_problems(scenario),
        *dock_problems(scenario),
    ]
    return problems or [*goal_problems(scenario), *start_problems(scenario), *dock_place_problems(scenario)]
