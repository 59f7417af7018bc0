"""How the living moved together, tick by tick, on the ground truth: the numbers of `swarm_consensus.motion.metrics`."""

from __future__ import annotations

from dataclasses import dataclass, field

from swarm_consensus.graph import proximity
from swarm_consensus.motion.flock import SIGHT
from swarm_consensus.motion.metrics import cohesion_radius, deviation_energy, order, polarisation, velocity_mismatch
from swarm_consensus.simulation.record import TickRecord


@dataclass(slots=True)
class MotionRecord:
    """Values tick by tick; NaN where there is nothing to measure."""

    spacing: float | None  # m, of the lattice that the mission asks for
    order: list[float] = field(default_factory=list)  # mean pairwise cosine of the velocities
    polarisation: list[float] = field(default_factory=list)
    mismatch: list[float] = field(default_factory=list)  # m^2/s^2
    cohesion: list[float] = field(default_factory=list)  # m, radius
    energy: list[float] = field(default_factory=list)  # of deviation from the lattice, in the plane; empty without one

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        position, velocity = record.truth.position[record.alive], record.truth.velocity[record.alive]
        self.order.append(float(order(velocity)))
        self.polarisation.append(float(polarisation(velocity)))
        self.mismatch.append(float(velocity_mismatch(velocity)))
        self.cohesion.append(float(cohesion_radius(position)))
        if self.spacing is not None:
            plane = position[:, :2]
            near = proximity(plane, SIGHT * self.spacing)
            self.energy.append(float(deviation_energy(plane, near, self.spacing)))
