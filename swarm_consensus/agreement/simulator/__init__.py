"""Whole clusters on a simulated clock, network and disk, repeatable by seed: the same code as on robots."""
