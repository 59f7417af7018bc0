"""Whole swarms at once, for studies of up to ten thousand robots: the laws and limits of `motion`, one call a step.

`neighbours` finds who is near whom, `rows` turns limits into rows, `projection` is the filter, and `step` puts them
together in numpy. `compiled` is the same step through numba (extra ``fast``), of which `kernels` is the inside.
"""
