"""Bodies in PyBullet: multirotors, rovers, obstacles and the ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet
from shapely import Polygon

from swarm_consensus.arrays import Array
from swarm_consensus.motion.obstacles import convex_pieces
from swarm_consensus.simulation import multirotor, rover
from swarm_consensus.simulation.multirotor import upright
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.scenario import Obstacle

_BLUE, _ORANGE, _DARK, _STONE = [0.0, 0.45, 0.7, 1], [0.9, 0.62, 0.0, 1], [0.15, 0.15, 0.15, 1], [0.75, 0.75, 0.78, 1]
_FLOOR, _KERB = [0.93, 0.93, 0.9, 1], [0.8, 0.2, 0.1, 1]
HULL = (0.06, 0.025)  # m, radius and height of the cylinder about a Crazyflie and its rotors
_SEEN = (0.2, 0.08)  # m, what is drawn instead: a Crazyflie is too small to be seen from above a whole world
LEFT, RIGHT = 0, 1  # joints of a rover's wheels


def add_ground(client: int) -> int:
    """Add the ground plane."""
    shape = pybullet.createCollisionShape(pybullet.GEOM_PLANE, physicsClientId=client)
    seen = pybullet.createVisualShape(
        pybullet.GEOM_BOX, halfExtents=[100, 100, 0.001], rgbaColor=_FLOOR, physicsClientId=client
    )
    ground = int(pybullet.createMultiBody(0.0, shape, seen, basePosition=[0, 0, 0], physicsClientId=client))
    pybullet.changeDynamics(ground, -1, lateralFriction=1.0, physicsClientId=client)
    return ground


def add_obstacle(client: int, obstacle: Obstacle) -> list[int]:
    """Add a prism, one body for each convex piece of its polygon."""
    bodies = []
    for piece in convex_pieces(Polygon(obstacle.polygon_m)):
        corners = np.array(piece.exterior.coords)[:-1]
        middle = corners.mean(axis=0)
        vertices = [[float(x), float(y), z] for z in (0.0, obstacle.height_m) for x, y in corners - middle]
        shape = pybullet.createCollisionShape(pybullet.GEOM_MESH, vertices=vertices, physicsClientId=client)
        seen = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=vertices,
            indices=_prism_triangles(len(corners)),
            rgbaColor=_STONE,
            physicsClientId=client,
        )
        body = pybullet.createMultiBody(0.0, shape, seen, basePosition=[*middle, 0.0], physicsClientId=client)
        pybullet.changeDynamics(body, -1, collisionMargin=0.0, physicsClientId=client)  # else a hull is a little fatter
        bodies.append(int(body))
    return bodies


def _prism_triangles(count: int) -> list[int]:
    """Corners of the triangles of a convex prism: its sides and its top, each seen from both sides."""
    faces = []
    for k in range(count):
        nxt = (k + 1) % count
        faces += [(k, nxt, count + nxt), (k, count + nxt, count + k), (count, count + k, count + nxt)]
    return [corner for face in faces for side in (face, face[::-1]) for corner in side]


def show_fence(client: int, corners: Array) -> None:
    """Draw the fence as a low kerb that nothing can touch."""
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = end - start
        kerb = pybullet.createVisualShape(
            pybullet.GEOM_BOX,
            halfExtents=[0.5 * float(np.hypot(*along)), 0.04, 0.04],
            rgbaColor=_KERB,
            physicsClientId=client,
        )
        pybullet.createMultiBody(
            0.0,
            -1,
            kerb,
            basePosition=[*(0.5 * (start + end)), 0.04],
            baseOrientation=upright(float(np.arctan2(along[1], along[0]))),
            physicsClientId=client,
        )


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
    floor = low - rover.WHEEL_RADIUS + rover.CASTER_RADIUS + rover.CASTER_LIFT
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
