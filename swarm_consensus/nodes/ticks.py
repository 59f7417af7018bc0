"""Ticks and time stamps: tick k begins k / rate seconds after the clock's zero, rounded down to a nanosecond."""

from __future__ import annotations

from builtin_interfaces.msg import Time

_SECOND = 1_000_000_000  # ns


def tick_nanoseconds(tick: int, rate: int) -> int:
    """Return when a tick begins, ns since the clock's zero.

    Parameters
    ----------
    tick
        Number of the tick, 0 or more.
    rate
        Ticks a second.
    """
    return tick * _SECOND // rate


def tick_at(nanoseconds: int, rate: int) -> int:
    """Return the tick during which a moment falls; the exact inverse of `tick_nanoseconds`.

    Tick k has begun at ns once floor(k 10^9 / rate) <= ns, that is k 10^9 < (ns + 1) rate.

    Parameters
    ----------
    nanoseconds
        Time since the clock's zero, ns.
    rate
        Ticks a second, far below 10^9.

    Examples
    --------
    >>> tick_at(tick_nanoseconds(7, 30), 30), tick_at(tick_nanoseconds(7, 30) - 1, 30)
    (7, 6)
    >>> tick_at(tick_nanoseconds(7, 20), 20), tick_at(tick_nanoseconds(7, 20) - 1, 20)
    (7, 6)
    """
    return ((nanoseconds + 1) * rate - 1) // _SECOND


def write_stamp(stamp: Time, tick: int, rate: int) -> None:
    """Set a message's stamp to the beginning of a tick."""
    stamp.sec, stamp.nanosec = divmod(tick_nanoseconds(tick, rate), _SECOND)


def read_stamp(stamp: Time, rate: int) -> int:
    """Return the tick during which a message's stamp falls."""
    return tick_at(stamp.sec * _SECOND + stamp.nanosec, rate)
