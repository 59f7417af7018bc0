"""Keys, people, attackers, and what the robots of a scenario agree on although some may be captured."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from swarm_consensus.simulation.scenario.basics import NotNegative, Number, Point, Positive, Strict


class Decision(Strict, frozen=True):
    """Something that robots decide such that captured ones among them can't part the others: docs/trust.md."""

    name: str
    about: Literal["meeting_point", "mission"]  # where to meet; or whether to go on: commit or abort
    members: list[str] = []  # robots or groups that vote; empty: all
    liars: Annotated[int, Meta(ge=0, le=3)] | None = None  # so many are borne; None: as many as the members bear
    patience_s: Positive = 5.0  # after which a primary that comes to nothing is replaced
    abort: list[str] = []  # mission: robots or groups that propose to abort; all others propose to commit
    captured: list[str] = []  # robots that tell half of the others one thing and half another, and sign both
    lures_m: list[Point] = []  # meeting_point: the two places [x, y] that these name
    unsafe: bool = False  # run with more captured robots than are borne: then nothing is guaranteed


class Bundle(Strict, frozen=True):
    """Data (a map, a plan) that spreads from one robot to all, each piece checked."""

    name: str
    source: str  # the robot that has it from the beginning
    bytes: Annotated[int, Meta(ge=1, le=10_000_000)]
    signed_by: str | None = None  # the operator who vouches for it: a commander or administrator
    chunk_bytes: Annotated[int, Meta(ge=32, le=768)] = 512  # of a piece
    budget_bytes_s: Annotated[int, Meta(ge=500, le=1_000_000)] = 8000  # that a robot may send for it, a second
    corrupting: list[str] = []  # robots that alter each piece that they hand on


class Security(Strict, frozen=True):
    """How frames are proven to be a robot's: docs/trust.md explains it."""

    seal: Literal["identity", "group", "none"] = "identity"  # a signature each, one key that all share, or nothing


class Operator(Strict, frozen=True):
    """Somebody who has a key, and perhaps a role from the beginning."""

    name: str
    role: Literal["viewer", "operator", "commander", "administrator"] | None = None  # None: may get one
    expires_s: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None  # from when on the key counts for nothing


class Command(Strict, frozen=True):
    """What an operator asks of the swarm, by a ground station that repeats it until it is answered."""

    at_s: NotNegative
    operator: str
    order: Literal[
        "goto", "behaviour", "formation", "halt", "resume", "land", "arm", "disarm", "fence", "grant", "revoke"
    ]
    heard_by: list[str]  # robots or groups that hear the ground station, and are heard by it
    until_s: Positive | None = None  # when it gives up; None: never
    goal_m: Point | None = None  # goto
    behaviour: str | None = None
    robot: str | None = None  # behaviour: the leader of follow, the base of explore
    slots_m: list[Point] = []  # formation
    polygon_m: list[Point] = []  # fence: its corners [x, y]
    altitude_m: tuple[Number, Number] | None = None  # fence: lowest and highest altitude of multirotors
    who: str | None = None  # grant, revoke: an operator
    role: str | None = None  # grant


class Attacker(Strict, frozen=True):
    """A radio that is none of the swarm's, and has none of its keys."""

    name: str
    position_m: Point
    does: list[Literal["replay", "garbage", "alter", "forge", "done", "grant"]]  # each of them in every tick
    packets: Annotated[int, Meta(ge=1, le=100)] = 1  # of each kind in a tick
    from_s: NotNegative = 0.0
    until_s: Positive | None = None  # None: to the end
    range_m: Positive | None = None  # None: that of the robots' radio
