"""Who can hear whom: topology, Laplacian, spectrum, averaging weights, robustness. Arrays in, arrays out."""

from swarm_consensus.graph.laplacian import algebraic_connectivity, laplacian
from swarm_consensus.graph.robustness import Robustness, robustness
from swarm_consensus.graph.topology import GraphError, components, cut_nodes, is_connected, proximity

__all__ = [
    "GraphError",
    "Robustness",
    "algebraic_connectivity",
    "components",
    "cut_nodes",
    "is_connected",
    "laplacian",
    "proximity",
    "robustness",
]
