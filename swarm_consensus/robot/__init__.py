"""One robot: its tick, what it knows of the others, when it stops, and how its vehicle follows."""
