"""Worlds to try a swarm in: scenario files, physics, sensors, and the lockstep engine."""
