"""Who may go onto a dock, and when a robot asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.lease import LeaseSettings
from swarm_consensus.agreement.semaphore import Ask, GiveBack, Reclaim, Renew, Semaphores, pack
from swarm_consensus.motion.behaviour import Task
from swarm_consensus.robot import charging
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.charging import Charging
from swarm_consensus.robot.config import AgentConfig, Battery
from swarm_consensus.robot.docks import Dock, DockOrders
from swarm_consensus.robot.facts import FactsOrders
from swarm_consensus.robot.permits import Permits
from swarm_consensus.robot.reserve import reserve
from swarm_consensus.robot.speech import note
from swarm_consensus.robot.vehicle import VEHICLES

PLACES = 2
DOCK = Dock("west", np.zeros(2), 1.5, 40.0, np.array([[1.2, 0.0], [-1.2, 0.0]]))
ORDERS = DockOrders((DOCK,), (("west", ((0, 0), (0, 1))),), LeaseSettings(400, 10, 20))
BATTERY = Battery(400.0, 1.0, 5.0, 50.0)


class Table:
    """Where others were known to be, and when."""

    def __init__(
        self, places: list[tuple[float, float]], news: list[int], rho: list[float], lost: tuple[int, ...] = ()
    ) -> None:
        self._places, self._news = np.array([[*place, 0.0] for place in places]), news
        self.rho = np.array(rho)
        self.lost = lost

    def positions(self, robots: range) -> np.ndarray:
        return self._places[list(robots)]

    def newest(self, robot: int) -> int:
        return self._news[robot]


def robot(own: int, count: int, orders: Callable[..., AgentConfig], log: list[bytes]) -> Charging:
    """A robot that has carried out these commands of the log, one a tick from tick 10 on."""
    semaphores = Semaphores(ORDERS.counts)
    permits = Permits(own, ORDERS, semaphores)
    found = Charging(orders(index=own, count=count, kind="rover", battery=BATTERY), permits, None)  # type: ignore[arg-type]
    found.occupancy.remember(9)
    for tick, command in enumerate(log, start=10):
        permits.begin(tick)
        semaphores.apply(tick, command)
        found.occupancy.remember(tick)
    return found


def room(found: Charging, own: int, table: Table) -> bool:
    grant = found.rights.grant("west")
    return grant is not None and found.occupancy.has_room(0, grant.token, table, table)  # type: ignore[arg-type]


AWAY = (9.0, 9.0)


def test_a_holder_may_go_where_nobody_is(orders: Callable[..., AgentConfig]) -> None:
    found = robot(0, 3, orders, [pack(Ask("west", 0))])
    assert room(found, 0, Table([AWAY] * 3, [20] * 3, [0.1] * 3))


@pytest.mark.parametrize(
    ("where", "news", "rho", "counts"),
    [
        ((1.0, 0.0), 20, 0.0, True),  # stands on it
        ((1.6, 0.0), 20, 0.0, True),  # its body may be
        ((1.8, 0.0), 20, 0.5, False),  # near by, but seen after its permit had ended: it does not go in any more
        ((1.8, 0.0), 12, 0.5, True),  # last seen when it had its permit: it may have gone in since
        ((2.8, 0.0), 12, 0.5, False),  # not so far
        ((9.0, 0.0), -1, 0.0, True),  # never heard of: may be anywhere
    ],
)
def test_who_has_no_permit_any_more_counts_if_it_may_be_there(
    orders: Callable[..., AgentConfig], where: tuple[float, float], news: int, rho: float, counts: bool
) -> None:
    # 1 and 2 have the two permits; both are taken from them, and 0 and 3 come to them
    log = [pack(Ask("west", each)) for each in (1, 2, 0, 3)]
    log += [pack(Reclaim("west", token, 0)) for token in (1, 2)]
    places = [AWAY, where, (0.0, 0.0), AWAY]
    first, second = (robot(own, 4, orders, log) for own in (0, 3))
    table = Table(places, [20, news, 20, 20], [0.0, rho, 0.0, 0.0])
    # 2 is there for certain, so there is room for one more at the most; for 3 only after 0, which came before it
    assert room(first, 0, table) == (not counts)
    assert not room(second, 3, table)


@pytest.mark.parametrize(
    ("where", "news", "lost", "places"),
    [
        ((1.0, 0.0), 20, (1,), 1),  # lies on it
        ((1.0, 0.0), 20, (), 0),  # stands on it, and will leave
        ((1.8, 0.0), 20, (1,), 0),  # lies beside it
        ((1.8, 0.0), 12, (1,), 1),  # last seen beside it, with its permit
        ((9.0, 0.0), -1, (1,), 1),  # never heard of, and presumed dead: may lie there
    ],
)
def test_the_dead_block_the_places_where_they_may_lie(
    orders: Callable[..., AgentConfig], where: tuple[float, float], news: int, lost: tuple[int, ...], places: int
) -> None:
    found = robot(0, 3, orders, [pack(Ask("west", 1)), pack(Ask("west", 0)), pack(Reclaim("west", 1, 0))])
    table = Table([AWAY, where, AWAY], [20, news, 20], [0.0, 0.5, 0.0], lost)
    assert found.occupancy.blocked(0, table, table) == places  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.data())
def test_however_far_each_has_followed_the_log_no_more_go_on_than_there_are_places(data: st.DataObject) -> None:
    from conftest import _orders

    check_entries(data, _orders)


def check_entries(data: st.DataObject, orders: Callable[..., AgentConfig]) -> None:
    count = 5
    log: list[bytes] = []
    out: list[tuple[int, int]] = []  # permits that are out: robot and token
    semaphores = Semaphores(ORDERS.counts)
    stranded: set[int] = set()  # on the dock without a permit: cut off, or dead
    for _ in range(data.draw(st.integers(1, 12))):
        who = data.draw(st.integers(0, count - 1))
        if who in stranded:
            continue
        grants = {grant.robot: grant.token for grant in semaphores.places["west"].grants}
        if who not in grants:
            log.append(pack(Ask("west", who)))
        elif data.draw(st.booleans()):
            log.append(pack(GiveBack("west", who)))
        else:  # it is frozen there, and its permit goes to another
            log.append(pack(Reclaim("west", grants[who], 0)))
            stranded.add(who)
        semaphores.apply(len(log), log[-1])
        if len(stranded) == PLACES:
            break
    out = [(grant.robot, grant.token) for grant in semaphores.places["west"].grants]
    places = [(0.5, 0.0) if each in stranded else AWAY for each in range(count)]
    table = Table(places, [50] * count, [0.0] * count)
    entered = 0
    for own, token in out:
        least = next(i for i in range(1, len(log) + 1) if token in tokens_after(log[:i]))
        known = data.draw(st.integers(least, len(log)))  # its copy of the log goes so far: its own permit is in it
        entered += room(robot(own, count, orders, log[:known]), own, table)
    assert entered + len(stranded) <= PLACES


def tokens_after(log: list[bytes]) -> set[int]:
    semaphores = Semaphores(ORDERS.counts)
    for index, command in enumerate(log, start=1):
        semaphores.apply(index, command)
    return {grant.token for grant in semaphores.places["west"].grants}


def test_without_letting_older_permits_go_first_two_take_one_place(
    orders: Callable[..., AgentConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = [pack(Ask("west", each)) for each in (1, 2, 0, 3)]
    log += [pack(Reclaim("west", token, 0)) for token in (1, 2)]
    table = Table([AWAY, (0.0, 0.0), AWAY, AWAY], [20] * 4, [0.0] * 4)
    found = {own: robot(own, 4, orders, log) for own in (0, 3)}
    assert [room(each, own, table) for own, each in found.items()] == [True, False]
    monkeypatch.setattr(Permits, "holders", lambda self, dock: iter(()))
    assert [room(each, own, table) for own, each in found.items()] == [True, True]


# --- on the robot -----------------------------------------------------------------------------------------------------


def equipped(orders: Callable[..., AgentConfig], **changes: object) -> AgentConfig:
    task = Task("patrol", points=np.array([[6.0, 0.0]]))
    config = orders(count=1, kind="rover", task=task, battery=BATTERY, facts=FactsOrders((0,), permits=ORDERS))
    return replace(config, **changes)  # type: ignore[arg-type]


def behind(reference: np.ndarray) -> tuple[float, float, float]:
    """Where a rover's axle is that looks east and has its followed point on the reference."""
    x, y, z = reference.tolist()
    return (x - VEHICLES["rover"].lookahead, y, z)


def drive(agent: Agent, at: Callable[..., object], charge: float, ticks: int, since: int = 1) -> list[np.ndarray]:
    """Let a robot's body follow its reference exactly."""
    path, place = [], (-6.0, 0.0, 0.06)
    for tick in range(since, since + ticks):
        stimulus = replace(at(tick, place), charge=charge)  # type: ignore[type-var]
        status = agent.tick(stimulus).status
        assert status is not None
        place = behind(status.reference)
        path.append(status.reference[:2].copy())
    return path


def test_full_of_charge_it_goes_round_the_dock_and_never_onto_it(
    orders: Callable[..., AgentConfig], at: Callable[..., object]
) -> None:
    path = drive(Agent(equipped(orders)), at, 1.0, 800)
    assert np.hypot(*(path[-1] - [6.0, 0.0])) < 1.0
    # the body strays from the reference by 0.18 m at the most
    assert min(np.hypot(*point) for point in path) > DOCK.reach + 0.18


def test_low_on_charge_it_asks_goes_and_shows_its_token(
    orders: Callable[..., AgentConfig], at: Callable[..., object]
) -> None:
    agent = Agent(equipped(orders))
    path = drive(agent, at, 0.1, 600)
    assert min(np.hypot(*(path[-1] - spot)) for spot in DOCK.spots) < 0.2
    assert agent._conduct.errand == "charges at west"
    assert agent._conduct.shown() == note(charging.TOPIC, charging.packed_token(charging.Token(0, 0, 1)))


def test_without_a_permit_it_waits_however_low_it_is(
    orders: Callable[..., AgentConfig], at: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Permits, "left", lambda self, queue: 0)
    path = drive(Agent(equipped(orders)), at, 0.1, 600)
    assert min(np.hypot(*point) for point in path) > DOCK.reach + 0.18


def test_a_permit_that_is_not_renewed_any_more_makes_it_leave_in_time(
    orders: Callable[..., AgentConfig], at: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent(equipped(orders))
    place = (-1.2, 0.0, 0.06)
    left = 400
    monkeypatch.setattr(Permits, "left", lambda self, queue: left)
    on_it_at_the_end = True
    for tick in range(1, 800):
        status = agent.tick(replace(at(tick, place), charge=0.2)).status  # type: ignore[type-var]
        assert status is not None
        place = behind(status.reference)
        if tick > 300:
            left = max(left - 1, 0)
        if left == 0:
            on_it_at_the_end = np.hypot(*place[:2]) <= DOCK.reach  # of its body: as the dock sees it
            break
    assert not on_it_at_the_end


def test_the_reserve_covers_the_way_and_the_wait() -> None:
    # 5 others, two places: 3 turns of 400 J / 39 W and 10 s of ways; 4 m at (5 + 1 / 0.6) J/m, half as far again
    turns = 3 * (400 / 39 + 4 * 1.5 / 0.6)
    assert reserve(BATTERY, (DOCK,), 6, 0.6, 4.0, 12.0) == pytest.approx(
        1.5 * 4.0 * (5.0 + 1.0 / 0.6) + turns + 12.0 + 0.06 * 400
    )


def test_the_dead_on_places_make_the_wait_longer() -> None:
    free, blocked = (reserve(BATTERY, (DOCK,), 6, 0.6, 4.0, 12.0, dead) for dead in (0, 1))
    assert blocked - free == pytest.approx(2 * (400 / 39 + 4 * 1.5 / 0.6))  # five turns instead of three
    assert reserve(BATTERY, (DOCK,), 6, 0.6, 4.0, 12.0, 2) == blocked  # it reckons with one place, or would never go


def test_renewals_by_a_robot_that_lost_its_permit_change_nothing() -> None:
    semaphores = Semaphores(ORDERS.counts)
    for index, command in enumerate([Ask("west", 0), Reclaim("west", 1, 0), Renew("west", 1, 7)], start=1):
        semaphores.apply(index, pack(command))
    assert semaphores.places["west"].grants == []
