"""What a person sees while a run lasts: simulated time, speed, lambda2 and the smallest separation."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from swarm_consensus.arrays import Array
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.simulation.record import TickRecord

_REFRESH_S = 0.2  # s of wall time between two updates: a run must not wait for its display
_QUIET_S = 10.0  # s of simulated time between two lines where there is no terminal


class ProgressLine:
    """A progress bar on a terminal, a line now and then elsewhere; an `Observer` of the engine.

    Parameters
    ----------
    monitor
        Whose numbers are shown.
    console
        Where to.
    """

    def __init__(self, monitor: Monitor, console: Console) -> None:
        self._monitor = monitor
        self._console = console
        self._duration = monitor.scenario.duration_s
        self._start: float | None = None  # s of wall time at the first tick: what comes before is not the run's speed
        self._shown = 0.0  # s of wall time at the last update
        self._said = 0.0  # s of simulated time at the last line
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[text]}"),
            console=console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task(monitor.scenario.name, total=self._duration, text="")

    def __enter__(self) -> ProgressLine:
        """Begin to show."""
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave a clean terminal."""
        if self._console.is_terminal:
            self._bar.stop()

    def observe(self, position: Array) -> None:
        """Physics steps are not shown."""

    def record(self, record: TickRecord) -> None:
        """Show the state at this tick, if it is time."""
        if self._start is None:
            self._start = time.monotonic()
        if self._console.is_terminal:
            now = time.monotonic()
            if now - self._shown > _REFRESH_S:
                self._shown = now
                self._bar.update(self._task, completed=record.time, text=self._text(record), refresh=True)
        elif record.time >= self._said + _QUIET_S:
            self._said = record.time
            self._console.print(self._text(record), highlight=False, soft_wrap=True)

    @property
    def elapsed(self) -> float:
        """Wall time since the first tick, s."""
        return 0.0 if self._start is None else time.monotonic() - self._start

    def _text(self, record: TickRecord) -> str:
        speed = record.time / max(self.elapsed, 1e-9)
        lambda2 = self._monitor.series.lambda2[-1] if self._monitor.series.lambda2 else 0.0
        return (
            f"{record.time:5.1f} of {self._duration:g} s   {speed:4.1f} x real time   lambda2 {lambda2:5.2f}   "
            f"smallest separation {self._monitor.separation.value:5.2f} m   alive {int(record.alive.sum())}"
        )
