"""What a robot believes of all that the swarm agrees on by mixing numbers: quantities, and choices by optimisation."""

from __future__ import annotations

from msgspec import Raw

from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import Choices, Message, Values
from swarm_consensus.robot.choices import Chooser
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.quantities import Quantities
from swarm_consensus.robot.state import Odometry, Stimulus, Value


class Beliefs:
    """All of them, for one robot; it may have none.

    Each tick: `hear` for each message of each frame, then `tick`.
    """

    def __init__(self, config: AgentConfig) -> None:
        own, choices = config.index, config.choices
        self._quantities = Quantities(own, config.quantities, config.max_age) if config.quantities else None
        self._chooser = Chooser(own, choices, config.max_age, config.lost_after) if choices else None

    def hear(self, sender: int, tick: int, message: Message) -> None:
        """Take in a message of a neighbour's frame of a tick."""
        if isinstance(message, Values) and self._quantities is not None:
            self._quantities.hear(sender, tick, message)
        elif isinstance(message, Choices) and self._chooser is not None:
            self._chooser.hear(sender, message)

    def tick(
        self, stimulus: Stimulus, odometry: Odometry | None, reference: Array, lost: tuple[int, ...]
    ) -> tuple[tuple[Raw, ...], tuple[Raw, ...]]:
        """Do a round of each, and return what to say of quantities and of choices.

        Parameters
        ----------
        stimulus
            Of this tick.
        odometry
            Where the robot believes it is; None: it does not know.
        reference
            The point that it follows, (3,) m.
        lost
            Roster indexes of those presumed dead.
        """
        values: tuple[Raw, ...] = ()
        choices: tuple[Raw, ...] = ()
        if self._quantities is not None:
            values = (self._quantities.tick(stimulus.tick, stimulus.readings, reference, lost),)
        if self._chooser is not None:
            choices = (self._chooser.tick(stimulus.tick, odometry, stimulus.readings, lost, stimulus.charge),)
        return values, choices

    def value(self, name: str) -> Array | None:
        """Return what this robot believes now of a quantity or a choice, (d,); None: nothing so far."""
        for each in (self._quantities, self._chooser):
            value = None if each is None else each.value(name)
            if value is not None:
                return value
        return None

    def settled(self, name: str) -> bool:
        """Tell whether a choice was settled; True for what is none."""
        return self._chooser is None or self._chooser.settled(name)

    def status(self) -> tuple[Value, ...]:
        """Return all values, for a person."""
        return tuple(
            [value for each in (self._quantities, self._chooser) if each is not None for value in each.status()]
        )
