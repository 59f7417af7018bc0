"""The PyBullet world: rigid bodies, wheels on the ground, rotors in the air, contacts counted by the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.errors import SwarmError
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.robot.vehicle import VEHICLES, heading_of
from swarm_consensus.simulation import rover
from swarm_consensus.simulation.multirotor import GRAVITY, MultirotorControl, rotation_matrices
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.world import Contact, Truth

try:
    import pybullet

    from swarm_consensus.simulation import bodies
except ImportError:
    raise SwarmError(
        "the PyBullet world needs pybullet: pip install 'swarm_consensus[sim]', or use --physics kinematic"
    ) from None

PHYSICS_HZ = 240
_SOLVER_ITERATIONS = 10
_GROUND = "ground"


class BulletWorld:
    """A world of rigid bodies; see `swarm_consensus.simulation.world.World`.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster, as `place` returns it.
    gui
        Whether to show a window.
    control_hz
        Control periods a second; None: the scenario's.
    """

    def __init__(
        self, scenario: Scenario, robots: Sequence[PlacedRobot], *, gui: bool = False, control_hz: int | None = None
    ) -> None:
        self.substeps = PHYSICS_HZ // (control_hz or scenario.control.rate_hz)
        self.contacts: list[Contact] = []
        self._scenario = scenario
        self._client = int(pybullet.connect(pybullet.GUI if gui else pybullet.DIRECT))
        self._steps = 0
        self._power = np.ones(len(robots), dtype=bool)
        self._flies = np.array([VEHICLES[robot.vehicle].dims == 3 for robot in robots])
        self._fliers, self._drivers = np.flatnonzero(self._flies), np.flatnonzero(~self._flies)
        self._names: dict[int, str] = {}
        self._touching: set[tuple[str, str]] = set()
        self._set_up_engine()
        self._body = self._add_bodies(robots)
        self._index = {body: index for index, body in enumerate(self._body)}
        self._flying = [self._body[flier] for flier in self._fliers.tolist()]
        ground, rovers = self._ground, [self._body[driver] for driver in self._drivers]
        self._standing = {pair for body in rovers for pair in ((ground, body), (body, ground))}  # rovers stand on it
        self._flight = MultirotorControl(np.array([robots[i].heading for i in self._fliers.tolist()]), 1.0 / PHYSICS_HZ)
        self._state = np.zeros((len(robots), 13))  # position, orientation, velocity, angular velocity
        self._sense()

    def truth(self) -> Truth:
        """Return the present ground truth."""
        state = self._state
        return Truth(state[:, :3].copy(), state[:, 3:7].copy(), state[:, 7:10].copy(), state[:, 10:].copy())

    def step(self, commands: Array, observe: Callable[[Array], None]) -> None:
        """Advance one control period; see `World.step`."""
        self._flight.command(commands[self._fliers])
        speeds = rover.wheel_speeds(commands[self._drivers])
        for driver, pair in zip(self._drivers.tolist(), speeds.tolist(), strict=True):
            if self._power[driver]:
                bodies.drive(self._client, self._body[driver], pair, rover.TORQUE)
            else:
                bodies.drive(self._client, self._body[driver], [0.0, 0.0], rover.GEAR_FRICTION)
        for _ in range(self.substeps):
            self._fly()
            pybullet.stepSimulation(physicsClientId=self._client)
            self._steps += 1
            self._sense()
            self._count_contacts()
            observe(self._state[:, :3])

    def set_power(self, robot: int, on: bool) -> None:
        """Switch a robot off (rotors stop, wheels are held by their gears alone) or on again."""
        if on and not self._power[robot] and self._flies[robot]:
            flier = int(np.searchsorted(self._fliers, robot))
            self._flight.reset(flier, heading_of(self._state[robot, 3:7]))
        self._power[robot] = on

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return a picture of the whole world from above at an angle, shape (height, width, 3)."""
        corners = np.array(self._scenario.bounds_m)
        low, high = corners.min(axis=0), corners.max(axis=0)
        span = float(max(high[0] - low[0], (high[1] - low[1]) * width / height))
        view = pybullet.computeViewMatrixFromYawPitchRoll([*((low + high) / 2.0), 0.0], 0.8 * span, 0, -50, 0, 2)
        lens = pybullet.computeProjectionMatrixFOV(45, width / height, 0.1, 5.0 * span)
        pixels = pybullet.getCameraImage(
            width,
            height,
            view,
            lens,
            renderer=pybullet.ER_TINY_RENDERER,
            lightDirection=[4, -6, 10],
            physicsClientId=self._client,
        )[2]
        return np.asarray(pixels, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]

    def close(self) -> None:
        """Release the physics engine."""
        if pybullet.isConnected(self._client):
            pybullet.disconnect(self._client)

    def _set_up_engine(self) -> None:
        pybullet.setGravity(0, 0, -GRAVITY, physicsClientId=self._client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / PHYSICS_HZ,
            numSolverIterations=_SOLVER_ITERATIONS,
            deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )

    def _add_bodies(self, robots: Sequence[PlacedRobot]) -> list[int]:
        self._ground = bodies.add_ground(self._client)
        self._names[self._ground] = _GROUND
        bodies.show_fence(self._client, fence_corners(self._scenario.bounds_m))
        for index, obstacle in enumerate(self._scenario.obstacles):
            for body in bodies.add_obstacle(self._client, obstacle):
                self._names[body] = f"obstacle_{index}"
        added = []
        for robot in robots:
            add = bodies.add_multirotor if robot.vehicle == "multirotor" else bodies.add_rover
            added.append(add(self._client, robot))
            self._names[added[-1]] = robot.name
        return added

    def _fly(self) -> None:
        """Put the rotors' forces on all multirotors."""
        if not self._fliers.size:
            return
        state = self._state.T.take(self._fliers, axis=1)
        power = self._power.take(self._fliers).astype(float)
        force, torque = self._flight.wrench(rotation_matrices(state[3:7]), state[7:10], state[10:], power)
        client, places = self._client, state[:3].T.tolist()
        for body, place, push, turn in zip(self._flying, places, force.T.tolist(), torque.T.tolist(), strict=True):
            pybullet.applyExternalForce(body, -1, push, place, pybullet.WORLD_FRAME, client)
            pybullet.applyExternalTorque(body, -1, turn, pybullet.WORLD_FRAME, client)

    def _sense(self) -> None:
        client, rows = self._client, []
        for body in self._body:
            position, orientation = pybullet.getBasePositionAndOrientation(body, client)
            velocity, spin = pybullet.getBaseVelocity(body, client)
            rows.append(position + orientation + velocity + spin)
        self._state = np.array(rows)

    def _count_contacts(self) -> None:
        """Note which pairs touch that did not before; the engine says who touches."""
        touching = set()
        standing = self._standing
        for contact in pybullet.getContactPoints(physicsClientId=self._client):
            first, second = contact[1], contact[2]
            # contact[8] is the distance: the engine also lists pairs that are about to touch
            if (first, second) not in standing and contact[8] <= 0.0:
                pair = self._pair(first, second)
                if pair is not None:
                    touching.add(pair)
        if touching - self._touching:
            time = self._steps / PHYSICS_HZ
            self.contacts += [Contact(time, *pair) for pair in sorted(touching - self._touching)]
        self._touching = touching

    def _pair(self, first: int, second: int) -> tuple[str, str] | None:
        """Name a touching pair, robots first, or None if it does not count."""
        robots = sorted(self._index[body] for body in (first, second) if body in self._index)
        if not any(self._power[robot] for robot in robots):
            return None
        names = [self._names[self._body[robot]] for robot in robots]
        if len(names) == 1:
            names.append(self._names[second if first in self._index else first])
        return names[0], names[1]
