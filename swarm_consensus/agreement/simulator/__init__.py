"""Whole clusters on a simulated clock, network and disk: the same code as on robots, and every run repeatable by its seed."""
