"""Swarm control on ROS 2: robots that move together and agree, over an unreliable radio."""

__version__ = "0.1.0"
