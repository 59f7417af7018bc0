"""Choices agree: what a swarm settles on when each robot has its own interest. See docs/optimization.md."""

from swarm_consensus.optimization.charging import Charging
from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.cruise import Cruise
from swarm_consensus.optimization.dispatch import DispatchError
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.field import Basis, Survey, blended
from swarm_consensus.optimization.loans import Purse
from swarm_consensus.optimization.negotiation import Settlement, negotiate
from swarm_consensus.optimization.negotiator import Negotiator, Settings
from swarm_consensus.optimization.price import Unit, share
from swarm_consensus.optimization.pursuit import Pursuer
from swarm_consensus.optimization.smooth import Logistic, Smooth
from swarm_consensus.optimization.terms import Absolute, Quadratic, Scaled, box, least_squares

__all__ = [
    "Absolute",
    "Basis",
    "Charging",
    "Cruise",
    "DispatchError",
    "Exchange",
    "Logistic",
    "Negotiator",
    "OptimizationError",
    "Purse",
    "Pursuer",
    "Quadratic",
    "Scaled",
    "Settings",
    "Settlement",
    "Smooth",
    "Survey",
    "Unit",
    "blended",
    "box",
    "least_squares",
    "negotiate",
    "share",
]
