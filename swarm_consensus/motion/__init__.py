"""Bodies agree: potential fields, the safety rows of links, bodies and walls, and the barrier filter."""
