"""Choices agree: what a swarm settles on when each robot has its own interest. See docs/optimization.md."""

from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.dispatch import DispatchError
from swarm_consensus.optimization.exchange import Exchange
from swarm_consensus.optimization.field import Basis, Survey
from swarm_consensus.optimization.negotiation import Settlement, negotiate
from swarm_consensus.optimization.negotiator import Negotiator, Settings
from swarm_consensus.optimization.price import Unit, share
from swarm_consensus.optimization.pursuit import Pursuer
from swarm_consensus.optimization.smooth import Logistic, Smooth
from swarm_consensus.optimization.terms import Absolute, Quadratic, Scaled, box, least_squares

__all__ = [
    "Absolute",
    "Basis",
    "DispatchError",
    "Exchange",
    "Logistic",
    "Negotiator",
    "OptimizationError",
    "Pursuer",
    "Quadratic",
    "Scaled",
    "Settings",
    "Settlement",
    "Smooth",
    "Survey",
    "Unit",
    "box",
    "least_squares",
    "negotiate",
    "share",
]
