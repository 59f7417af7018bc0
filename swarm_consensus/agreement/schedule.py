"""When a job by schedule is due: a cron expression, read by croniter, in UTC."""

from __future__ import annotations

import re

from swarm_consensus.agreement.errors import SettingsError

_DRAWN = re.compile(r"(?<!\w)[rR](?!\w)")  # croniter's 'any one, drawn anew each time'
_YEARS = 7  # fields, if there is one for the year


class Schedule:
    """A cron expression: minute, hour, day, month, weekday, and, if there are six fields, second.

    Parameters
    ----------
    expression
        As in crontab.

    Raises
    ------
    SettingsError
        If it is none, is never due, is drawn by chance, or names years.
    """

    def __init__(self, expression: str) -> None:
        try:  # only who has schedules needs it
            from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped, import-not-found, unused-ignore]  # noqa: PLC0415
        except ImportError:
            raise SettingsError(["schedules need croniter: pip install 'swarm_consensus[jobs]'"]) from None
        self._croniter = croniter
        self._expression = expression
        self._check_fields()
        try:
            croniter(expression, 0.0).get_next(float)
        except CroniterBadDateError:
            raise SettingsError([f"schedule '{expression}' is never due: no date fits it"]) from None
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            hint = "minute, hour, day, month and weekday, as in '0 6 * * *', and maybe seconds"
            raise SettingsError([f"schedule '{expression}' can't be read, must be {hint}: {error}"]) from None

    def _check_fields(self) -> None:
        """Refuse what croniter reads and a swarm can't keep: all must find the same times, and always a next one."""
        fields = str(self._expression).split()
        if any(_DRAWN.search(field) for field in fields):
            why = "R is drawn by chance, and robots would not agree when it is due"
            raise SettingsError([f"schedule '{self._expression}' can't be kept: {why}"])
        if len(fields) == _YEARS:
            why = "its seventh field is a year, and nothing would be due after the last one; leave it out"
            raise SettingsError([f"schedule '{self._expression}' can't be kept: {why}"])

    def after(self, second: int) -> int:
        """Return the first second since 1970, later than this one, at which it is due."""
        return round(float(self._croniter(self._expression, float(second)).get_next(float)))


class Every:
    """Due at each multiple of a number of seconds."""

    def __init__(self, seconds: int) -> None:
        if seconds < 1:
            raise SettingsError([f"a period is {seconds} s, must be at least 1"])
        self._seconds = seconds

    def after(self, second: int) -> int:
        """Return the first second, later than this one, at which it is due."""
        return (second // self._seconds + 1) * self._seconds
