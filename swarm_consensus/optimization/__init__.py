"""Choices agree: what a swarm settles on when each robot has its own interest."""
