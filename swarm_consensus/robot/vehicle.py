"""What a rover and a multirotor are, and how each follows the reference point with its velocity command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """The facts about a vehicle that safety rests on."""

    kind: str  # "multirotor" or "rover"
    radius: float  # m, of the sphere about the body's centre that holds the body
    speed: float  # m/s, greatest speed limit that a scenario may set, and the default
    tracking: float  # m, the followed point of the vehicle stays this near its reference
    lookahead: float  # m, from the body's centre to the followed point, forward
    yaw_rate: float  # rad/s, greatest
    height: float  # m, of the body's centre above ground when it rests there

    @property
    def reach(self) -> float:
        """Greatest distance from the reference to the body's centre, m."""
        return self.tracking + self.lookahead


VEHICLES = {
    "multirotor": VehicleModel(
        kind="multirotor", radius=0.07, speed=1.0, tracking=0.2, lookahead=0.0, yaw_rate=2.0, height=0.02
    ),
    "rover": VehicleModel(
        kind="rover", radius=0.18, speed=0.6, tracking=0.08, lookahead=0.1, yaw_rate=6.0, height=0.06
    ),
}
