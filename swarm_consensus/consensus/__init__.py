"""Numbers agree: averaging, biases, inputs that change, lossy links, liars. One law, one module; docs/averaging.md."""

from swarm_consensus.consensus.checks import ConsensusError

__all__ = ["ConsensusError"]
