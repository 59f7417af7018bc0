"""Ticks and stamps: what is written reads back, at any rate and for years."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from hypothesis import example, given
from hypothesis import strategies as st

from swarm_consensus.nodes.ticks import read_stamp, tick_at, tick_nanoseconds, write_stamp

RATES = st.integers(1, 240)
TICKS = st.integers(0, 10**9)


@given(tick=TICKS, rate=RATES)
@example(tick=0, rate=1)
@example(tick=1, rate=20)  # begins at a whole nanosecond
@example(tick=1, rate=30)  # begins a third of a nanosecond after one
@example(tick=10**9, rate=239)
def test_a_tick_begins_at_its_nanosecond_and_not_before(tick: int, rate: int) -> None:
    begins = tick_nanoseconds(tick, rate)
    assert tick_at(begins, rate) == tick
    assert tick_at(begins - 1, rate) == tick - 1


@given(tick=TICKS, rate=RATES, share=st.floats(0.0, 1.0, exclude_max=True))
def test_a_tick_lasts_until_the_next(tick: int, rate: int, share: float) -> None:
    begins, ends = tick_nanoseconds(tick, rate), tick_nanoseconds(tick + 1, rate)
    assert tick_at(begins + int(share * (ends - begins)), rate) == tick


@given(tick=TICKS, rate=RATES)
def test_a_stamp_reads_back(tick: int, rate: int) -> None:
    stamp = Time()
    write_stamp(stamp, tick, rate)
    assert 0 <= stamp.nanosec < 10**9
    assert read_stamp(stamp, rate) == tick


def test_giving_one_nanosecond_back_before_dividing_begins_ticks_too_early() -> None:
    def early(nanoseconds: int, rate: int) -> int:
        return (nanoseconds + 1) * rate // 10**9

    assert early(tick_nanoseconds(1, 20) - 1, 20) == 1
    assert tick_at(tick_nanoseconds(1, 20) - 1, 20) == 0
