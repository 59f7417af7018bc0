"""Who votes when voters die: the leader lets a learner take the place of one that it has not heard for long.

One change at a time, through the log, and a voter is added before one goes: there are never fewer voters than at the
beginning, and one more for a while. A change is asked for only if more than half of the voters were heard lately,
before it and after it, so that a leader that is cut off changes nothing. All of that is for the swarm to go on; that
two majorities always share a voter does not rest on it, nor on whether the silent one is really dead
(`raft/membership`). Who was silent and comes back learns, and may vote another time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.quorum import has_majority
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Config
from swarm_consensus.agreement.raft.node import Node


def next_config(config: Config, own: int, heard: Collection[int], fit: Collection[int], wanted: int) -> Config | None:
    """Return the configuration that is one step better, or None if none is.

    Parameters
    ----------
    config
        In force.
    own
        The leader, who stays.
    heard
        Members that were heard lately.
    fit
        Learners that may become voters: heard lately, and with nearly all of the log.
    wanted
        So many voters there are to be.
    """
    voters, living = set(config.voters), {own, *heard}
    silent = sorted(voters - living)
    if len(voters) > wanted:
        # whoever was silent has come back if nobody is: then the last of the roster goes
        after = voters - {silent[0] if silent else max(voters - {own})}
    elif silent and fit:
        after = voters | {min(fit)}
    else:
        return None
    if not (has_majority(voters, living) and has_majority(after, living)):
        return None
    everybody = {*config.voters, *config.learners}
    return members(sorted(after), sorted(everybody - after))


class Succession:
    """What a leader knows of who is silent; forgotten when it leads no longer.

    Parameters
    ----------
    own
        Place in the roster.
    wanted
        So many voters there are to be.
    silence
        Ticks after which a voter is taken for dead.
    """

    def __init__(self, own: int, wanted: int, silence: int) -> None:
        self._own = own
        self._wanted = wanted
        self._silence = silence
        self._since: int | None = None  # tick at which this robot began to lead; before, nobody answers to it
        self._heard: dict[int, int] = {}  # by member: when

    def hear(self, senders: Iterable[int], tick: int) -> None:
        """Take note of who was heard in this tick."""
        for sender in senders:
            self._heard[sender] = tick

    def act(self, node: Node, tick: int) -> None:
        """Ask for a change of members if this robot leads and one is due."""
        lead = node.lead
        if lead is None:
            self._since = None
            return
        if self._since is None:
            self._since = tick
        if tick - self._since < self._silence:
            return
        heard = {member for member, when in self._heard.items() if tick - when < self._silence}
        log, config = node.state.log, node.state.members.current
        near = {m for m, progress in lead.followers.items() if log.last - progress.match <= node.state.settings.window}
        wish = next_config(config, self._own, heard, near.intersection(config.learners, heard), self._wanted)
        if wish is None:
            return
        try:
            node.change(wish)
        except AgreementError:
            return  # another change must be settled first, or leadership is being handed over: asked again
