"""The radio channel: each effect by itself, the books that balance, and statistics with exact bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from swarm_consensus.network.channel import REORDER_PERIODS, Channel, ChannelModel, Outage

PERIOD = 0.05
PERFECT = ChannelModel(range=10.0, period=PERIOD)
TOGETHER = np.zeros((3, 3))  # three robots on one spot: everybody hears everybody
SURE = 1e-9  # chance at which a right channel would fail a statistical test, were its seed not fixed


class Air:
    """A channel and its clock: one call is one tick, first hearing, then sending."""

    def __init__(self, model: ChannelModel, position: np.ndarray = TOGETHER, seed: int = 1) -> None:
        self.channel = Channel(model, np.random.default_rng(seed))
        self.position = position
        self.alive = np.ones(len(position), dtype=bool)
        self.tick = 0

    def step(self, *, send: bool = True) -> list[list[tuple[int, int]]]:
        """Return what each robot hears, as pairs (sender, tick of sending)."""
        now = self.tick * PERIOD
        heard = self.channel.deliver(now, self.alive)
        frames = [bytes([i]) + self.tick.to_bytes(4, "big") if send else None for i in range(len(self.alive))]
        self.channel.send(now, frames, self.position, self.alive)
        self.tick += 1
        return [[(frame[0], int.from_bytes(frame[1:], "big")) for frame in mine] for mine in heard]

    def run(self, ticks: int, silence: int = 0) -> list[list[list[tuple[int, int]]]]:
        return [self.step() for _ in range(ticks)] + [self.step(send=False) for _ in range(silence)]


def total(heard: list[list[list[tuple[int, int]]]]) -> int:
    return sum(len(mine) for everybody in heard for mine in everybody)


def surely(count: int, trials: int, chance: float) -> bool:
    low, high = binom.interval(1.0 - SURE, trials, chance)
    return bool(low <= count <= high)


# --- degenerate


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_to_talk_to(count: int) -> None:
    air = Air(PERFECT, np.zeros((count, 3)))
    assert total(air.run(5)) == 0
    assert not any(air.channel.counts.values())


def test_silence_costs_nothing() -> None:
    air = Air(PERFECT)
    air.run(0, silence=5)
    assert not any(air.channel.counts.values())


def test_total_loss_delivers_nothing() -> None:
    air = Air(replace(PERFECT, loss=1.0, duplicate=1.0))
    assert total(air.run(200, silence=10)) == 0
    assert air.channel.counts["lost"] == air.channel.counts["sent"] == 200 * 6


# --- each effect


def test_a_perfect_channel_delivers_at_the_next_tick_in_the_order_of_the_roster() -> None:
    first, second, _ = Air(PERFECT).run(3)
    assert first == [[], [], []]
    assert second == [[(1, 0), (2, 0)], [(0, 0), (2, 0)], [(0, 0), (1, 0)]]


@pytest.mark.parametrize(
    ("delay", "ticks"),
    [(0.0, 1), (0.02, 1), (0.05, 1), (0.0501, 2), (0.1, 2), (0.12, 3), (0.3, 6)],  # ceil(delay / 0.05 s), at least 1
)
@pytest.mark.parametrize("start", [0, 3, 72_000, 2**31])
def test_the_delay_is_exact_however_long_the_run(delay: float, ticks: int, start: int) -> None:
    air = Air(replace(PERFECT, delay=delay))
    air.tick = start
    heard = [air.step(), *(air.step(send=False) for _ in range(ticks + 3))]
    assert [k for k, everybody in enumerate(heard) if any(everybody)] == [ticks]


def test_range_is_the_true_distance_at_sending_and_includes_its_end() -> None:
    air = Air(PERFECT, np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 8.0], [10.001, 0.0, 0.0]]))  # 6-8-10
    air.step()
    air.position = np.zeros((3, 3))  # moving together afterwards brings no frame back
    heard = air.step(send=False)
    assert heard == [[(1, 0)], [(0, 0), (2, 0)], [(1, 0)]]
    assert air.channel.counts["out_of_range"] == 2


def test_a_wall_blocks_below_its_top_only() -> None:
    wall = (np.array([[1.0, -1.0], [2.0, -1.0], [2.0, 1.0], [1.0, 1.0]]), 2.0)
    air = Air(replace(PERFECT, walls=(wall,)), np.array([[0.0, 0.0, 0.5], [3.0, 0.0, 0.5], [1.5, 0.0, 5.0]]))
    # 0 and 1 lie behind the wall from each other; 2 hovers above: its path to 0 is 3.5 m high at x = 1
    assert air.run(1, silence=1)[1] == [[(2, 0)], [(2, 0)], [(0, 0), (1, 0)]]
    assert air.channel.counts["walls"] == 2


def test_a_wall_blocks_the_one_that_talks_to_a_silent_one() -> None:
    wall = (np.array([[1.0, -1.0], [2.0, -1.0], [2.0, 1.0], [1.0, 1.0]]), 2.0)
    position = np.array([[0.0, 0.0, 0.5], [3.0, 0.0, 0.5]])
    for frames in ([b"from 0", None], [None, b"from 1"]):
        channel = Channel(replace(PERFECT, walls=(wall,)), np.random.default_rng(0))
        channel.send(0.0, frames, position, np.ones(2, dtype=bool))
        assert channel.counts["walls"] == 1


def test_nothing_is_heard_at_the_time_of_its_sending_even_if_asked() -> None:
    channel = Channel(PERFECT, np.random.default_rng(0))
    everybody = np.ones(3, dtype=bool)
    channel.send(1.0, [b"0", b"1", b"2"], TOGETHER, everybody)
    assert channel.deliver(1.0, everybody) == [[], [], []]
    assert channel.deliver(1.0 + PERIOD, everybody)[0] == [b"1", b"2"]


def test_a_partition_begins_and_ends_on_time() -> None:
    outage = Outage(start=2 * PERIOD, end=4 * PERIOD, group=np.array([0, 0, 1]))
    heard = Air(replace(PERFECT, partitions=(outage,))).run(6, silence=1)
    assert [len(everybody[2]) for everybody in heard] == [0, 2, 2, 0, 0, 2, 2]  # sent in ticks 2 and 3: none
    assert [len(everybody[0]) for everybody in heard] == [0, 2, 2, 1, 1, 2, 2]  # of its own group: always


def test_partitions_at_one_time_cut_both() -> None:
    outages = tuple(Outage(start=0.0, end=1.0, group=np.array(group)) for group in ([0, 0, 1], [0, 1, 1]))
    assert total(Air(replace(PERFECT, partitions=outages)).run(5)) == 0


def test_the_dead_neither_send_nor_hear() -> None:
    air = Air(PERFECT)
    air.alive[1] = False
    assert air.run(1, silence=1)[1] == [[(2, 0)], [], [(0, 0)]]
    assert (air.channel.counts["sent"], air.channel.counts["dead"]) == (4, 2)


def test_what_reaches_a_robot_that_died_meanwhile_is_gone() -> None:
    air = Air(replace(PERFECT, delay=0.1))
    air.step()
    air.alive[1] = False
    air.step(send=False)
    assert air.step(send=False)[1] == []
    air.alive[1] = True
    assert [air.step(send=False)[1] for _ in range(3)] == [[], [], []]
    assert air.channel.counts["dead"] == 2


def test_jitter_orders_by_arrival() -> None:
    # jitter of up to two periods: half the frames arrive within the first
    heard = Air(replace(PERFECT, jitter=2 * PERIOD), seed=3).run(200, silence=3)
    ages = [k - sent for k, everybody in enumerate(heard) for mine in everybody for _, sent in mine]
    assert set(ages) == {1, 2}
    assert surely(ages.count(1), len(ages), 0.5)  # uniform over two periods
    orders = {tuple(sender for sender, _ in everybody[0]) for everybody in heard}
    assert {(1, 2), (2, 1)} <= orders


def test_a_held_back_frame_is_overtaken_and_comes_within_its_bound() -> None:
    air = Air(replace(PERFECT, reorder=0.3), seed=5)
    heard = air.run(400, silence=5)
    ages = [k - sent for k, everybody in enumerate(heard) for mine in everybody for _, sent in mine]
    assert len(ages) == 400 * 6
    assert max(ages) == REORDER_PERIODS
    assert surely(air.channel.counts["reordered"], 400 * 6, 0.3)
    # a third of those held back still arrive at the next tick
    assert surely(sum(age > 1 for age in ages), 400 * 6, 0.3 * 2 / 3)
    sequence = [sent for everybody in heard for sender, sent in everybody[0] if sender == 1]
    assert sequence != sorted(sequence)


def test_without_reordering_or_jitter_nothing_overtakes() -> None:
    heard = Air(replace(PERFECT, delay=0.07, loss=0.3, duplicate=0.0), seed=5).run(300)
    sequence = [sent for everybody in heard for sender, sent in everybody[0] if sender == 1]
    assert sequence == sorted(sequence)


# --- statistics


@pytest.mark.parametrize("chance", [0.01, 0.1, 0.5, 0.99])
def test_loss_strikes_its_share(chance: float) -> None:
    air = Air(replace(PERFECT, loss=chance), seed=11)
    delivered = total(air.run(1000, silence=1))
    assert surely(delivered, 6000, 1.0 - chance)
    assert air.channel.counts["lost"] == 6000 - delivered


def test_a_frame_that_survives_the_loss_is_late_as_any_other() -> None:
    heard = Air(replace(PERFECT, loss=0.5, jitter=2 * PERIOD), seed=14).run(1000, silence=3)
    ages = [k - sent for k, everybody in enumerate(heard) for mine in everybody for _, sent in mine]
    assert surely(ages.count(1), len(ages), 0.5)


def test_receivers_lose_independently() -> None:
    heard = Air(replace(PERFECT, loss=0.5), seed=12).run(1000, silence=1)
    both = sum((0, k - 1) in heard[k][1] and (0, k - 1) in heard[k][2] for k in range(1, 1001))
    assert surely(both, 1000, 0.25)


def test_duplicates_come_twice_and_later() -> None:
    air = Air(replace(PERFECT, delay=PERIOD, duplicate=0.2), seed=13)
    heard = air.run(1000, silence=2)
    assert surely(air.channel.counts["duplicated"], 6000, 0.2)
    assert total(heard) == 6000 + air.channel.counts["duplicated"]
    copies = [(k - sent, sender, sent) for k, everybody in enumerate(heard) for sender, sent in everybody[0]]
    assert {age for age, _, _ in copies} == {1, 2}  # the second a period after the first


# --- properties

shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])
models = st.builds(
    ChannelModel,
    range=st.sampled_from([1.0, 3.0, 10.0]),
    period=st.just(PERIOD),
    loss=shares,
    delay=st.floats(0, 0.5),
    jitter=st.floats(0, 0.2),
    duplicate=shares,
    reorder=shares,
    partitions=st.sampled_from([(), (Outage(0.1, 0.3, np.array([0, 0, 1, 1, 2])),)]),
    walls=st.sampled_from([(), ((np.array([[1.0, -9.0], [2.0, -9.0], [2.0, 9.0], [1.0, 9.0]]), 2.0),)]),
)


@given(models, st.integers(0, 2**32), st.integers(1, 12))
@settings(deadline=None, max_examples=60)
def test_no_frame_goes_missing_from_the_books(model: ChannelModel, seed: int, ticks: int) -> None:
    chance = np.random.default_rng(seed)
    air = Air(model, chance.uniform(-4, 4, (5, 3)), seed)
    delivered = 0
    for _ in range(ticks):
        air.alive = chance.random(5) < 0.8
        delivered += total([air.step()])
        counts = air.channel.counts
        gone = sum(counts[cause] for cause in ("lost", "out_of_range", "walls", "partition", "dead"))
        assert counts["delivered"] == delivered
        assert counts["sent"] + counts["duplicated"] == delivered + gone + air.channel.in_flight


@given(models, st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_one_seed_gives_one_run(model: ChannelModel, seed: int) -> None:
    position = np.random.default_rng(seed).uniform(-4, 4, (5, 3))
    assert Air(model, position, seed).run(10) == Air(model, position, seed).run(10)


@given(models, st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_no_frame_is_heard_in_the_tick_of_its_sending(model: ChannelModel, seed: int) -> None:
    for k, everybody in enumerate(Air(model, np.zeros((5, 3)), seed).run(10, silence=5)):
        assert all(sent < k for mine in everybody for _, sent in mine)


def test_what_happens_to_one_pair_does_not_depend_on_where_the_others_are() -> None:
    model = replace(PERFECT, loss=0.4, jitter=0.1, duplicate=0.2, reorder=0.2)
    near, far = Air(model, seed=21), Air(model, np.array([[0.0, 0, 0], [0, 0, 0], [99.0, 0, 0]]), seed=21)
    far.alive[2] = False
    for ours, theirs in zip(near.run(100), far.run(100), strict=True):
        assert [news for news in ours[0] if news[0] == 1] == [news for news in theirs[0] if news[0] == 1]
        assert [news for news in ours[1] if news[0] == 0] == [news for news in theirs[1] if news[0] == 0]


def test_drawing_only_for_pairs_in_range_would_couple_the_pairs() -> None:
    """The baseline that the test above guards against: one number for each frame that flies."""

    def losses(others: int) -> list[bool]:
        rng = np.random.default_rng(21)
        return [bool(rng.random(1 + others)[0] < 0.4) for _ in range(100)]

    assert losses(others=0) != losses(others=1)
