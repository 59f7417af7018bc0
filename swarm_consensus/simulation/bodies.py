"""Bodies in PyBullet: multirotors, rovers, obstacles and the ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet
from shapely import Polygon

from swarm_consensus.motion.obstacles import convex_pieces
from swarm_consensus.simulation import multirotor, rover
from swarm_consensus.simulation.multirotor import upright
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.scenario import Obstacle

_BLUE, _ORANGE, _DARK, _STONE = [0.0, 0.45, 0.7, 1], [0.9, 0.62, 0.0, 1], [0.15, 0.15, 0.15, 1], [0.75, 0.75, 0.78, 1]
_FLOOR = [0.93, 0.93, 0.9, 1]
HULL = (0.06, 0.025)  # m, radius and height of the cylinder about a Crazyflie and its rotors
_SEEN = (0.16, 0.05)  # m, what is drawn instead: a Crazyflie is too small to be seen from above a whole world
LEFT, RIGHT = 0, 1  # joints of a rover's wheels


def add_ground(client: int) -> int:
    """Add the ground plane."""
    shape = pybullet.createCollisionShape(pybullet.GEOM_PLANE, physicsClientId=client)
    seen = pybullet.createVisualShape(
        pybullet.GEOM_BOX, halfExtents=[100, 100, 0.001], rgbaColor=_FLOOR, physicsClientId=client
    )
    return int(pybullet.createMultiBody(0.0, shape, seen, basePosition=[0, 0, 0], physicsClientId=client))


def add_obstacle(client: int, obstacle: Obstacle) -> list[int]:
    """Add a prism, one body for each convex piece of its polygon."""
    bodies = []
    for piece in convex_pieces(Polygon(obstacle.polygon_m)):
        corners = np.array(piece.exterior.coords)[:-1]
        middle = corners.mean(axis=0)
        vertices = [[*(corner - middle), z] for z in (0.0, obstacle.height_m) for corner in corners]
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_MESH, vertices=[list(map(float, v)) for v in vertices], physicsClientId=client
        )
        body = pybullet.createMultiBody(0.0, shape, basePosition=[*middle, 0.0], physicsClientId=client)
        pybullet.changeVisualShape(body, -1, rgbaColor=_STONE, physicsClientId=client)
        bodies.append(int(body))
    return bodies


def add_multirotor(client: int, robot: PlacedRobot) -> int:
    """Add a Crazyflie: mass and inertia as measured, without the engine's own damping."""
    radius, height = HULL
    shape = pybullet.createCollisionShape(pybullet.GEOM_CYLINDER, radius=radius, height=height, physicsClientId=client)
    seen = pybullet.createVisualShape(
        pybullet.GEOM_CYLINDER, radius=_SEEN[0], length=_SEEN[1], rgbaColor=_BLUE, physicsClientId=client
    )
    body = pybullet.createMultiBody(
        multirotor.MASS, shape, seen, robot.position.tolist(), upright(robot.heading), physicsClientId=client
    )
    pybullet.changeDynamics(
        body,
        -1,
        localInertiaDiagonal=multirotor.INERTIA.tolist(),
        linearDamping=0.0,
        angularDamping=0.0,
        activationState=pybullet.ACTIVATION_STATE_DISABLE_SLEEPING,
        physicsClientId=client,
    )
    return int(body)


def add_rover(client: int, robot: PlacedRobot) -> int:
    """Add a rover: chassis, two wheels on joints, two casters without friction."""

    def shape(kind: int, **size: object) -> int:
        return int(pybullet.createCollisionShape(kind, physicsClientId=client, **size))

    chassis = shape(pybullet.GEOM_BOX, halfExtents=rover.CHASSIS)
    seen = pybullet.createVisualShape(
        pybullet.GEOM_BOX, halfExtents=rover.CHASSIS, rgbaColor=_ORANGE, physicsClientId=client
    )
    wheel = shape(pybullet.GEOM_CYLINDER, radius=rover.WHEEL_RADIUS, height=rover.WHEEL_WIDTH)
    caster = shape(pybullet.GEOM_SPHERE, radius=rover.CASTER_RADIUS)
    side, low = 0.5 * rover.TRACK, -rover.WHEEL_DROP
    floor = low - rover.WHEEL_RADIUS + rover.CASTER_RADIUS
    lying = list(pybullet.getQuaternionFromEuler([-np.pi / 2, 0, 0]))  # a cylinder's axis is its z
    level = [0.0, 0.0, 0.0, 1.0]
    body = pybullet.createMultiBody(
        rover.CHASSIS_MASS,
        chassis,
        seen,
        robot.position.tolist(),
        upright(robot.heading),
        linkMasses=[rover.WHEEL_MASS, rover.WHEEL_MASS, 0.02, 0.02],
        linkCollisionShapeIndices=[wheel, wheel, caster, caster],
        linkVisualShapeIndices=[-1, -1, -1, -1],
        linkPositions=[
            [0, side, low],
            [0, -side, low],
            [rover.CASTER_AHEAD, 0, floor],
            [-rover.CASTER_AHEAD, 0, floor],
        ],
        linkOrientations=[lying, lying, level, level],
        linkInertialFramePositions=[[0, 0, 0]] * 4,
        linkInertialFrameOrientations=[level] * 4,
        linkParentIndices=[0, 0, 0, 0],
        linkJointTypes=[pybullet.JOINT_REVOLUTE, pybullet.JOINT_REVOLUTE, pybullet.JOINT_FIXED, pybullet.JOINT_FIXED],
        linkJointAxis=[[0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]],
        physicsClientId=client,
    )
    _finish_rover(client, body)
    return int(body)


def _finish_rover(client: int, body: int) -> None:
    """Set friction: wheels grip, casters slide."""
    for link, friction in ((-1, 0.5), (LEFT, 1.0), (RIGHT, 1.0), (2, 0.0), (3, 0.0)):
        pybullet.changeDynamics(
            body,
            link,
            lateralFriction=friction,
            linearDamping=0.0,
            angularDamping=0.0,
            activationState=pybullet.ACTIVATION_STATE_DISABLE_SLEEPING,
            physicsClientId=client,
        )
        if link >= 0:
            pybullet.changeVisualShape(body, link, rgbaColor=_DARK, physicsClientId=client)


def drive(client: int, body: int, speeds: Sequence[float], torque: float) -> None:
    """Set the wheel motors of one rover: speeds in rad/s, torque in N m at the most."""
    pybullet.setJointMotorControlArray(
        body,
        [LEFT, RIGHT],
        pybullet.VELOCITY_CONTROL,
        targetVelocities=speeds,
        forces=[torque, torque],
        physicsClientId=client,
    )
