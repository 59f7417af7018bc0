"""One decision among liars, with a primary that is replaced when it fails. No clock, no I/O, no network.

In a view its primary *proposes*; the others *prepare* if they may; who has a quorum behind a value has a *certificate*
and *commits*; who has the commits of a quorum has decided. Of 2 n (n - 1) messages when nobody fails. Who loses
patience goes to the next view and brings its certificate, and the next primary proposes what the certificates of a
quorum bind it to. Any two quorums share an honest member: so no two values are decided, whatever f liars do and
however late messages are. That something is decided takes messages that get through in the end.

Whoever drives it does this, again and again: `tick()` for each tick, `step(message)` for what was heard, then
`ready()`: store what is to be stored, only then send.

References
----------
M. Castro, B. Liskov, "Practical Byzantine fault tolerance", OSDI 1999; for one value instead of a log, so without
watermarks and checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from swarm_consensus.agreement.byzantine.messages import (
    LARGEST,
    Certificate,
    Change,
    Decision,
    Letter,
    Message,
    Prepare,
    Proposal,
    Rules,
    Saved,
    certificate_digest,
    newest_certificate,
)
from swarm_consensus.agreement.byzantine.votes import Conflict, Kind, Poll, Ring, Signer, Vote, cast, digest_of
from swarm_consensus.agreement.errors import AgreementError, SettingsError
from swarm_consensus.agreement.quorum import byzantine_quorum, one_honest


@dataclass(frozen=True, slots=True)
class Timing:
    """Ticks; safety never depends on them."""

    patience: int = 20  # in view 0; doubled with each view up to `doublings`
    doublings: int = 6
    again: int = 8  # between repetitions of what was said and perhaps lost

    def validate(self) -> None:
        """Check each number.

        Raises
        ------
        SettingsError
            With a sentence for each that can't work.
        """
        least = {"patience": 1, "doublings": 0, "again": 1}
        problems = [
            f"{name} is {getattr(self, name)}, must be at least {number}"
            for name, number in least.items()
            if getattr(self, name) < number
        ]
        if problems:
            raise SettingsError(problems)


class Decider:
    """One member in one decision.

    Parameters
    ----------
    own
        Its place.
    members, liars
        n and f.
    instance
        A name that is never used twice.
    value
        What it proposes if it may choose.
    is_valid
        Whether a value makes sense; an honest member stands behind no other.
    signer, ring
        For votes.
    timing
        The same for all.
    saved
        What was stored before a crash.

    Raises
    ------
    AgreementError, SettingsError
        If n < 3f + 1, or a number is out of its range.
    """

    def __init__(
        self,
        own: int,
        members: int,
        liars: int,
        instance: bytes,
        value: bytes,
        is_valid: Callable[[bytes], bool],
        signer: Signer,
        ring: Ring,
        timing: Timing | None = None,
        saved: Saved | None = None,
    ) -> None:
        self._quorum = byzantine_quorum(members, liars)
        self._honest = one_honest(liars)
        self._timing = timing or Timing()
        self._timing.validate()
        if not 0 <= own < members:
            raise AgreementError(f"member {own} does not exist, must be from 0 to {members - 1}")
        if len(value) > LARGEST:
            raise AgreementError(f"a value of {len(value)} bytes, must be at most {LARGEST}")
        self._own, self._members, self._instance, self._value = own, members, instance, value
        self._is_valid, self._signer = is_valid, signer
        self._poll = Poll(instance, ring)
        self._rules = Rules(members, self._quorum, self._poll.is_sound)
        self._changes: dict[int, Change] = {}  # the newest of each member
        self._out: list[Letter] = []
        self._ticks = self._waited = 0
        self._state = saved or Saved()
        self._stored = saved
        self._resume()

    # what is known

    @property
    def decided(self) -> bytes | None:
        """The decided value, or None so far."""
        return self._state.decision.value if self._state.decision else None

    @property
    def decision(self) -> Decision | None:
        """The decided value with its proof."""
        return self._state.decision

    @property
    def view(self) -> int:
        """The present view."""
        return self._state.view

    @property
    def conflicts(self) -> dict[int, Conflict]:
        """Proofs that a member lies, by member."""
        return self._poll.conflicts

    @property
    def votes(self) -> tuple[Vote, ...]:
        """What members voted, as far as this one knows and remembers."""
        return self._poll.held

    def look(self, votes: Iterable[Vote]) -> None:
        """Look at votes that somebody else heard: they may not fit to what their members said here."""
        for vote in votes:
            self._poll.take(vote)

    def ready(self) -> tuple[Saved | None, list[Letter]]:
        """Return what is to be stored, or None, and what is to be sent after that."""
        saved = None if self._state is self._stored else self._state
        self._stored = self._state
        out, self._out = self._out, []
        return saved, out

    # what happens

    def tick(self) -> None:
        """Let one tick of the local clock pass."""
        self._ticks += 1
        if self._state.decision:
            return
        # A member that is cut off must not run ahead of the others: it waits until a quorum is in its view or beyond.
        if self.view == 0 or self._how_many_reached(self.view) >= self._quorum:
            self._waited += 1
        if self._waited >= self._timing.patience << min(self.view, self._timing.doublings):
            self._enter(self.view + 1)
        elif self._ticks % self._timing.again == 0:
            self._repeat()

    def step(self, message: Message) -> None:
        """Take in a message, whoever brought it: each carries its own proof."""
        if self._state.decision:
            self._after_decision(message)
        elif isinstance(message, Proposal):
            self._on_proposal(message)
        elif isinstance(message, Vote | Prepare):
            if self._count(message):
                self._advance()
        elif isinstance(message, Change):
            self._on_change(message)
        elif self._rules.is_decision(message):
            self.look(message.votes)
            self._update(decision=message)

    def _after_decision(self, message: Message) -> None:
        """Help who has lost patience, and go on looking for lies."""
        if isinstance(message, Vote | Prepare):
            self._count(message)
        elif isinstance(message, Change) and self._rules.is_change(message):
            self._remember(message)
            if message.vote.member != self._own and self._state.decision:
                self._out.append(Letter(message.vote.member, self._state.decision))

    def _count(self, message: Vote | Prepare) -> bool:
        vote = message.vote if isinstance(message, Prepare) else message
        if vote.member >= self._members or vote.kind != ("prepare" if isinstance(message, Prepare) else "commit"):
            return False
        if isinstance(message, Prepare):
            proposed = message.proposed
            if (proposed.kind, proposed.member) != ("propose", self._rules.primary(vote.view)):
                return False
            if (proposed.view, proposed.digest) != (vote.view, vote.digest) or not self._poll.is_sound(proposed):
                return False
            self._poll.take(proposed)
        return self._poll.take(vote)

    # the normal case

    def _propose(self, value: bytes, changes: tuple[Change, ...] = ()) -> None:
        proposal = Proposal(self._cast("propose", digest_of(value)), value, changes)
        self._update(accepted=proposal)
        self._broadcast(proposal)

    def _on_proposal(self, proposal: Proposal) -> None:
        vote, view = proposal.vote, proposal.vote.view
        if (
            vote.kind != "propose"
            or vote.member != self._rules.primary(view)
            or vote.digest != digest_of(proposal.value)
        ):
            return
        if view < self.view or not self._poll.take(vote):
            return
        if not (self._is_valid(proposal.value) and self._rules.may_propose(view, proposal.value, proposal.changes)):
            return
        for change in proposal.changes:
            self._remember(change)
        if view > self.view:  # a quorum asked for this view
            self._update(view=view, asked=None, accepted=None)
            self._waited = 0
        if self._state.accepted is None and vote.member != self._own:
            self._update(accepted=proposal)
            self._prepare(proposal)
        self._advance()

    def _advance(self) -> None:
        """Commit what is certified, decide what is committed."""
        accepted, certificate = self._state.accepted, self._state.certificate
        if accepted and (certificate is None or certificate.view < self.view):
            votes = self._behind(accepted)
            if len({vote.member for vote in votes}) >= self._quorum:
                self._update(certificate=Certificate(self.view, accepted.value, votes))
                self._commit(accepted.vote.digest)
        if accepted:
            commits = self._poll.votes("commit", self.view, accepted.vote.digest)
            if len(commits) >= self._quorum:
                self._update(decision=Decision(accepted.value, tuple(commits)))

    def _behind(self, proposal: Proposal) -> tuple[Vote, ...]:
        """Return the votes for a proposal: the primary's is the proposal itself."""
        prepares = self._poll.votes("prepare", self.view, proposal.vote.digest)
        return (proposal.vote, *(vote for vote in prepares if vote.member != proposal.vote.member))

    # views

    def _enter(self, view: int) -> None:
        certificate = self._state.certificate
        vote = cast(self._signer, "change", self._instance, view, certificate_digest(certificate), self._own)
        change = Change(vote, certificate)
        self._update(view=view, asked=change, accepted=None)
        self._waited = 0
        self._broadcast(change)
        self._remember(change)
        self._lead()

    def _on_change(self, change: Change) -> None:
        known = self._changes.get(change.vote.member)
        if known and change.vote.view < known.vote.view:
            return
        if not self._rules.is_change(change):
            return
        self._remember(change)
        views = sorted((each.vote.view for each in self._changes.values()), reverse=True)
        if len(views) >= self._honest and views[self._honest - 1] > self.view:
            self._enter(views[self._honest - 1])  # an honest one among them has lost patience
        else:
            self._lead()

    def _remember(self, change: Change) -> None:
        known = self._changes.get(change.vote.member)
        if change.certificate:
            self.look(change.certificate.votes)
        if self._poll.take(change.vote) and (known is None or change.vote.view > known.vote.view):
            self._changes[change.vote.member] = change

    def _how_many_reached(self, view: int) -> int:
        return sum(change.vote.view >= view for change in self._changes.values())

    def _lead(self) -> None:
        """Propose, if this member is the primary and a quorum asked for the view."""
        if self._rules.primary(self.view) != self._own or self._state.accepted or self.view == 0:
            return
        changes = [change for change in self._changes.values() if change.vote.view == self.view][: self._quorum]
        if len(changes) < self._quorum:
            return
        newest = newest_certificate(changes)
        self._propose(self._value if newest is None else newest.value, tuple(changes))
        self._advance()

    # what is said

    def _prepare(self, proposal: Proposal) -> None:
        vote = self._cast("prepare", proposal.vote.digest)
        self._poll.take(vote)
        self._broadcast(Prepare(vote, proposal.vote))

    def _commit(self, digest: bytes) -> None:
        vote = self._cast("commit", digest)
        self._poll.take(vote)
        self._broadcast(vote)

    def _cast(self, kind: Kind, digest: bytes) -> Vote:
        return cast(self._signer, kind, self._instance, self.view, digest, self._own)

    def _broadcast(self, message: Message) -> None:
        self._out += [Letter(to, message) for to in range(self._members) if to != self._own]

    def _update(self, **fields: object) -> None:
        state = {name: getattr(self._state, name) for name in Saved.__struct_fields__}
        self._state = Saved(**{**state, **fields})

    def _resume(self) -> None:
        """Begin, or take up what was stored."""
        state = self._state
        if state.asked:
            self._remember(state.asked)
        for change in state.accepted.changes if state.accepted else ():
            self._remember(change)
        if self.view == 0 and state.accepted is None and self._rules.primary(0) == self._own and not state.decision:
            self._propose(self._value)
            self._advance()  # a member that is alone is a quorum
        elif state.decision is None:
            self._repeat()

    def _repeat(self) -> None:
        """Say once more what was said in this view: signatures are deterministic, so it is the same to the bit."""
        state = self._state
        accepted, certificate = state.accepted, state.certificate
        if accepted is None:
            if state.asked:
                self._broadcast(state.asked)
            return
        if accepted.vote.member == self._own:
            self._broadcast(accepted)
        else:
            self._prepare(accepted)
        if certificate and certificate.view == self.view:
            self._commit(accepted.vote.digest)
