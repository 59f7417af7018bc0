"""The behaviours that missions may name: every module of this folder is imported and registers its own."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from swarm_consensus.motion.behaviour import Maker, registered

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")

BEHAVIOURS: dict[str, Maker] = registered()
