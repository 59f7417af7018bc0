"""What must hold for a run of a scenario to succeed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from swarm_consensus.simulation.scenario.basics import Commits, NotNegative, Positive, Share, Strict


class Expect(Strict, frozen=True):
    """What must hold for the run to succeed; a field that is left out is not judged."""

    connected: bool | None = None  # the living robots form one radio network at every physics step
    links_kept: bool | None = None  # no link that both its ends hold is ever longer than radio range, or cut by a wall
    contacts: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None  # at most so many
    arrived_within_m: Positive | None = None  # every living robot this near its goal (or their centroid), to the end
    formation_error_m: Positive | None = None  # every living robot this near its slot, wherever the formation is
    by_s: Positive | None = None  # from this time on (default: at the end)
    covered_within_m: Positive | None = None  # at the end every free place has a living robot this near, in the plane
    coverage_rms_m: Positive | None = None  # at the end, root mean square of those distances, by density
    explored_share: Share | None = None  # share of the free area that living robots have seen, at least
    min_separation_m: NotNegative | None = None  # smallest distance between centres of two living robots
    agreed_within: dict[str, Positive] = {}  # by quantity: honest values differ by no more, from by_s on
    apart_by: dict[str, Positive] = {}  # by quantity: honest values differ by at least so much, from by_s on
    mean_within: dict[str, Positive] = {}  # by quantity: honest values this near the mean of the true inputs, likewise
    honest_range: list[str] = []  # quantities of which no honest value leaves the box of the honest ones at the start
    one_log: bool | None = None  # no two robots carry out different commands, or lead in one term
    minority_commits: Commits | None = None  # at most so many, by who is cut off from a majority
    commits_at_least: Commits | None = None  # every living robot knows of so many at the end
    jobs_within_s: Positive | None = None  # each occurrence of a job takes effect once, so soon after it is due
    job_effects: dict[str, Commits] = {}  # by job: it takes effect exactly so often, each occurrence once
    resumes_within_s: Positive | None = None  # after each cut, healing, crash: a new commit by all with the majority
    dismissed_obeyed_s: NotNegative | None = None  # a robot obeys an operator at most so long after his dismissal
    orders_agree: bool | None = None  # at the end all carry out the same orders, each of which they obeyed once
    fenced_within_s: NotNegative | None = None  # after each ordered fence all bodies are inside so soon, and stay so
    disarmed_within_s: NotNegative | None = None  # after each disarm all robots stand so soon, until they are armed
    chosen_within: dict[str, Positive] = {}  # by choice: each robot's is this near the central optimum, see below
    chosen_after_s: Positive | None = None  # so long after the start, and after each crash and return
    flown_within_m_s: Positive | None = None  # then the body's speed, over a second, is this near the best agreed one
    overloaded: bool | None = None  # false: at no physics step more is drawn than the charger's limit
    mapped_within: dict[str, Positive] = {}  # by map: root mean square error against the true field at the end
    decided_alike: bool | None = None  # from by_s on all honest robots know of each decision, and of the same value
    met_within_m: Positive | None = None  # every honest robot this near the decided meeting point, from by_s on
    active_by_s: Positive | None = None  # all have the bundle by then, byte for byte, and go by it from one entry on
    inside_fence: bool | None = None  # no living robot ever leaves the fence or the altitude band
    run_dry: Commits | None = None  # at most so many batteries are ever empty
    over_places: Commits | None = None  # at most so many robots too many are ever on a dock
    stale_charges: Commits | None = None  # at most so often a dock gives power for a token older than one it has seen
    permit_back_s: Positive | None = None  # a holder's permit is free again so soon after the holder crashed
    claim_back_s: Positive | None = None  # a place whose holder crashed is free again so soon, as the dock itself knows
    tours_done: bool | None = None  # each robot of a tour was given power by each dock of it
    patrol_within_s: Positive | None = None  # no point of the patrol is ever longer without a visit
