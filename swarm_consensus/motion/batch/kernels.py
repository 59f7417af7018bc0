"""The compiled inside of `compiled`: one robot after the other, restating `step` and what it calls line by line.

All kernels stand in this one file, since numba's cache notices a change only of the file that a kernel stands in. A
test holds that they give the numbers of the modules they restate. Without numba the file still imports; `compiled` says
what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.motion.barrier import TOLERANCE
from swarm_consensus.motion.batch.projection import BROKEN, PARALLEL, ROUNDS

try:
    import numba
except ImportError:
    numba = None

COMPILES = numba is not None

_NOTHING = 1e-9
_SHALLOW = 1e-6
_SQUARE = math.cos(math.pi / 4)
F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile on the first call, and keep the machine code beside the source for the next process."""
    if numba is None:
        return function
    compiled: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


@kernel
def pad(pairs: NDArray[np.intp], robots: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Restate `neighbours.padded`."""
    count = np.zeros(robots, dtype=np.intp)
    for p in range(len(pairs)):
        count[pairs[p, 0]] += 1
        count[pairs[p, 1]] += 1
    widest = max(1, count.max()) if robots else 1
    index = np.empty((robots, widest), dtype=np.intp)
    for i in range(robots):
        index[i] = i
    count[:] = 0
    for side in range(2):
        for p in range(len(pairs)):
            i = pairs[p, side]
            index[i, count[i]] = pairs[p, 1 - side]
            count[i] += 1
    return index, count


@kernel
def _dot(first: Array, second: Array) -> float:
    total = 0.0
    for c in range(len(first)):
        total += first[c] * second[c]
    return total


@kernel
def _orthogonalise(vector: Array, normal: Array, out: Array) -> float:
    """Take out of a vector its part along a unit normal, twice for rounding; return that part."""
    along = _dot(vector, normal)
    for c in range(len(vector)):
        out[c] = vector[c] - along * normal[c]
    rest = _dot(out, normal)
    for c in range(len(vector)):
        out[c] -= rest * normal[c]
    return along


@kernel
def _with_row(  # noqa: PLR0912  a call for each case would cost more than the case
    desired: Array, matrix: Array, bounds: Array, row: int, active: NDArray[np.intp], velocity: Array, work: Array
) -> None:
    """Restate `projection._with_row` for one robot; writes `active` and `velocity`, uses `work` (8, d)."""
    dims = len(desired)
    normal, alone, across, single, unit, rest = work[0], work[1], work[2], work[3], work[4], work[5]
    old = (active[0], active[1], active[dims - 1])
    normal[:] = matrix[row]
    excess = _dot(normal, desired) - bounds[row]
    for c in range(dims):
        alone[c] = desired[c] - excess * normal[c]
        velocity[c] = alone[c]
    best = excess * excess
    active[:] = -1
    active[0] = row
    for i in range(dims):
        if old[i] < 0:
            continue
        along = _orthogonalise(matrix[old[i]], normal, across)
        sine2 = _dot(across, across)
        if not sine2 > PARALLEL**2:
            continue
        share = (_dot(matrix[old[i]], alone) - bounds[old[i]]) / sine2
        distance2 = excess * excess + share * share * sine2
        for c in range(dims):
            single[c] = alone[c] - share * across[c]
        if share >= 0.0 and excess - share * along >= 0.0 and distance2 > best:
            best = distance2
            active[1] = old[i]
            active[dims - 1] = old[i] if dims == 2 else -1
            velocity[:] = single
        if dims == 2:
            continue
        sine = math.sqrt(sine2)
        for c in range(dims):
            unit[c] = across[c] / sine
        for j in range(i + 1, dims):
            if old[j] < 0:
                continue
            other = matrix[old[j]]
            along_j = _orthogonalise(other, normal, work[6])
            shared = _orthogonalise(work[6], unit, rest)
            rest2 = _dot(rest, rest)
            if not (_dot(work[6], work[6]) > PARALLEL**2 and rest2 > PARALLEL**2):
                continue
            last = (_dot(other, single) - bounds[old[j]]) / rest2
            middle = share - last * shared / sine
            total = distance2 + last * last * rest2
            if last >= 0.0 and middle >= 0.0 and excess - middle * along - last * along_j >= 0.0 and total > best:
                best = total
                active[1] = old[i]
                active[2] = old[j]
                for c in range(dims):
                    velocity[c] = single[c] - last * rest[c]


@kernel
def project_one(
    desired: Array, matrix: Array, bounds: Array, rows: int, velocity: Array, active: NDArray[np.intp], work: Array
) -> bool:
    """Restate `projection.project` for one robot with its first `rows` rows; returns whether it is feasible."""
    dims = len(desired)
    velocity[:] = desired
    active[:] = -1
    miss = -np.inf
    for _ in range(ROUNDS):
        worst, miss = -1, -np.inf
        for m in range(rows):
            excess = -bounds[m]
            for c in range(dims):
                excess += matrix[m, c] * velocity[c]
            if not excess <= miss:  # NaN is taken too
                worst, miss = m, excess
                if math.isnan(miss):
                    break
        if not miss > BROKEN:
            break
        _with_row(desired, matrix, bounds, worst, active, velocity, work)
    finite = True
    for c in range(dims):
        finite = finite and math.isfinite(velocity[c])
    if finite and miss <= TOLERANCE:
        return True
    velocity[:] = 0.0
    active[:] = -1
    return False


@kernel
def project_all(
    desired: Array, matrix: Array, bounds: Array, velocity: Array, active: NDArray[np.intp], feasible: NDArray[np.bool_]
) -> None:
    """Restate `projection.project`."""
    work = np.empty((8, desired.shape[1]))
    for i in range(len(desired)):
        feasible[i] = project_one(desired[i], matrix[i], bounds[i], matrix.shape[1], velocity[i], active[i], work)


@kernel
def add_cone(axis: Array, slope: float, matrix: Array, bounds: Array, rows: int, work: Array) -> int:
    """Restate `limits.pyramid_faces` for one cone; returns the number of rows with its faces added."""
    dims = len(axis)
    sides = work[:4]
    if dims == 2:
        sides[0, 0], sides[0, 1] = -axis[1], axis[0]
    else:
        least = 0
        for c in range(1, 3):
            if abs(axis[c]) < abs(axis[least]):
                least = c
        one, two = (least + 1) % 3, (least + 2) % 3
        # axis x e_least, then axis x that
        size = math.sqrt(axis[one] ** 2 + axis[two] ** 2)
        sides[0, least], sides[0, one], sides[0, two] = 0.0, -axis[two] / size, axis[one] / size
        side = sides[0]
        sides[2, 0] = axis[1] * side[2] - axis[2] * side[1]
        sides[2, 1] = axis[2] * side[0] - axis[0] * side[2]
        sides[2, 2] = axis[0] * side[1] - axis[1] * side[0]
        sides[3] = -sides[2]
    sides[1] = -sides[0]
    steep = math.sqrt(1.0 - slope * slope) * (1.0 if dims == 2 else _SQUARE)
    for face in range(2 * dims - 2):
        size = 0.0
        for c in range(dims):
            matrix[rows, c] = slope * sides[face, c] + steep * axis[c]
            size += matrix[rows, c] ** 2
        size = math.sqrt(size)
        for c in range(dims):
            matrix[rows, c] /= size
        bounds[rows] = 0.0
        rows += 1
    return rows


@kernel
def separation(distance: float, apart: float, rho: float, gain: float) -> tuple[float, float]:
    """Restate `separation.separation_limits`: slope and bound."""
    slack = distance - rho - apart
    if slack >= 0.0:
        across = max(distance, _NOTHING)
        return 0.0, gain * slack * (distance / across)
    return max(rho / max(distance, _NOTHING), _SHALLOW), 0.0


@kernel
def link(distance: float, reach: float, rho: float, step: float, gain: float) -> tuple[float, float]:
    """Restate `links.link_limits`: slope and bound."""
    across = max(distance, _NOTHING)
    radius = max(reach - rho, 0.0)
    slack2 = radius * radius - distance * distance - step * step
    if slack2 < 0.0:
        return (rho + step) / across, 0.0
    return 0.0, 0.5 * gain * slack2 / across


@kernel
def step_all(  # noqa: PLR0912, PLR0915  one pass, so that nothing is stored between its parts
    position: Array,
    near_index: NDArray[np.intp],
    near_count: NDArray[np.intp],
    link_index: NDArray[np.intp],
    link_count: NDArray[np.intp],
    cruise: Array,
    cohesion: float,
    width: float,
    apart: float,
    reach: float,
    speed: float,
    period: float,
    gain: float,
    velocity: Array,
    held: NDArray[np.bool_],
    feasible: NDArray[np.bool_],
) -> None:
    """Restate `step.swarm_step` from the neighbours on; writes the last three."""
    robots, dims = position.shape
    most = (near_index.shape[1] + link_index.shape[1]) * (2 * dims - 2)
    matrix, bounds = np.empty((most, dims)), np.empty(most)
    work, active = np.empty((8, dims)), np.empty(dims, dtype=np.intp)
    offset, pull, wish = np.empty(dims), np.empty(dims), np.empty(dims)
    rho = step = speed * period
    for i in range(robots):
        rows = 0
        hold = False
        wish[:] = 0.0
        pull[:] = 0.0
        for kind in range(2):
            index, count = (near_index, near_count) if kind == 0 else (link_index, link_count)
            for k in range(count[i]):
                distance2 = 0.0
                for c in range(dims):
                    offset[c] = position[i, c] - position[index[i, k], c]
                    distance2 += offset[c] ** 2
                distance = math.sqrt(distance2)
                across = max(distance, _NOTHING)
                if kind == 0:
                    share = min(max((apart - distance) / width + 1.0, 0.0), 1.0)
                    for c in range(dims):
                        pull[c] -= offset[c]
                        wish[c] += speed * share / across * offset[c]
                    slope, bound = separation(distance, apart, rho, gain)
                    side = -1.0
                else:
                    slope, bound = link(distance, reach, rho, step, gain)
                    side = 1.0
                if not bound < speed:
                    continue
                if slope >= 1.0:
                    hold = True
                    continue
                for c in range(dims):
                    offset[c] *= side / across
                if slope > 0.0:
                    rows = add_cone(offset, slope, matrix, bounds, rows, work)
                else:
                    matrix[rows] = offset
                    bounds[rows] = bound
                    rows += 1
        held[i] = hold
        remaining = 0.0
        for c in range(dims):
            pull[c] /= 1 + near_count[i]
            remaining += pull[c] ** 2
        remaining = math.sqrt(remaining)
        scale = min(cohesion * remaining, speed) / max(remaining, _NOTHING)
        size = 0.0
        for c in range(dims):
            wish[c] += cruise[c] + scale * pull[c]
            size += wish[c] ** 2
        shorten = min(1.0, speed / max(math.sqrt(size), _NOTHING))
        for c in range(dims):
            wish[c] *= shorten
        feasible[i] = project_one(wish, matrix, bounds, rows, velocity[i], active, work)
        if hold:
            velocity[i] = 0.0
