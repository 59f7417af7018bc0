"""Averaging weights of a graph: adjacency (n, n) in, weights (n, n) out, symmetric, rows that sum to one."""

from swarm_consensus.graph.weights.fastest import fastest
from swarm_consensus.graph.weights.rules import best_constant, local_degree, max_degree, metropolis

__all__ = ["best_constant", "fastest", "local_degree", "max_degree", "metropolis"]
