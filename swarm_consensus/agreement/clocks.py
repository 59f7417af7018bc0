"""What time it is by the log: from the times that robots state there, such that no one clock can move it.

Each robot states its time with every request that it brings, and now and then by itself. The log's time is the second
newest of the robots' latest statements, and never goes back. So one clock that is ahead can't push it on, and one that
is behind can't hold it back while two others state theirs. With fewer than three robots there is nothing to compare
with: then the newest counts, since it is better that a key expires too early than too late.

All of it is a function of the log, so that every robot comes to the same.
"""

from __future__ import annotations

APART = 60  # s, by which a request's stated time may lie before the log's: a longer way, or a clock that is behind


class Clocks:
    """The robots' statements, in s since 1970.

    Parameters
    ----------
    count
        Robots in the swarm.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._stated: dict[int, int] = {}  # by robot: its latest one
        self.now: int | None = None  # the log's time; None: too few robots have stated theirs

    def state(self, robot: int, second: int) -> None:
        """Take in what a robot says the time is."""
        if robot >= self._count:
            return
        self._stated[robot] = second
        place = 2 if self._count > 2 else 1
        if len(self._stated) >= place:
            agreed = sorted(self._stated.values())[-place]
            self.now = agreed if self.now is None else max(self.now, agreed)

    def objection(self, name: str, expires: int, stated: int) -> str:
        """Return why a key that expires does not count, or ''.

        Parameters
        ----------
        name
            Whose key it is.
        expires
            s since 1970.
        stated
            Time that the robot stated which brought the request.
        """
        if self.now is None:
            return f"the key of {name} expires, and the log does not know the time so far: too few robots stated theirs"
        if max(self.now, stated) >= expires:
            whose = "by the log" if self.now >= expires else "by the robot that brought the request"
            return f"the key of {name} expired at second {expires}; {whose} it is {max(self.now, stated)}"
        if stated < self.now - APART:
            return (
                f"the key of {name} expires, and the request was brought at second {stated}, when by the log it is "
                f"{self.now}: it was too long on its way, or the clock of the robot that brought it is behind"
            )
        return ""

    def snapshot(self) -> tuple[dict[int, int], int | None]:
        """Return all."""
        return dict(sorted(self._stated.items())), self.now

    def restore(self, state: tuple[dict[int, int], int | None]) -> None:
        """Go to a state."""
        self._stated, self.now = dict(state[0]), state[1]
