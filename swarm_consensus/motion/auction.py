r"""The auction: robots that hear only each other share out slots, one for each, at nearly the least total cost.

Each robot keeps, for every slot, the highest bid it has heard of: price and bidder. A robot that leads for no slot bids
for the one that is worth most to it net of price, as much more than the present price as the slot is better for it than
the next best, and `step` on top (Bertsekas 1988). Robots tell each other their tables and keep of each slot the higher
bid, of equal ones that of the lower index (Zavlanos, Spesivtsev and Pappas 2008).

*Why it needs no reliable network.* A slot's bid is one number, ``price * 512 + 256 - bidder``, and merging is the
maximum of these numbers: idempotent, commutative and associative. So loss, delay, duplication and reordering cost time
only.

*Why it ends, and how well.* Prices only rise, and none rises above what the bidders' benefits differ by, plus steps,
as long as a slot is left on which nobody bid. Where every robot hears of every other again and again, whoever
was outbid learns of it and bids; when every slot has a bid, each is led by one robot. A robot bids such that its slot
is, at its new price, worth at most `step` less to it than any other at the price that it knows; other prices only rise
from there. Hence the total benefit is within n * step of the best one (epsilon complementary slackness), for n robots
and n slots.

References
----------
D. P. Bertsekas, "The auction algorithm: a distributed relaxation method for the assignment problem", Annals of
Operations Research 14, 1988. M. M. Zavlanos, L. Spesivtsev, G. J. Pappas, "A distributed auction algorithm for the
assignment problem", 47th IEEE Conference on Decision and Control, 2008.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from swarm_consensus.errors import UNREADABLE

_BASE = 512  # of a bid's number: more than there are robots
_NOBODY = 256  # bidder of a slot without a bid
MOST = 2**31 - 1  # highest price: a bid then takes five bytes
_WIDTH = 5  # bytes of a bid on the air
_PART = 140  # bids in one message: it stays below 720 bytes


class _Words(msgspec.Struct, array_like=True, frozen=True):
    """A part of a table on the air."""

    first: int  # slot of the first bid
    bids: bytes  # _WIDTH bytes each, least significant first


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Words)


class Auction:
    """One robot's side of the auction: `hear` what others say, `bid` once a tick, and say `words`.

    Parameters
    ----------
    index
        The robot's place in the roster, 0 to 255.
    benefits
        What each slot is worth to it, shape (m,), whole numbers; at least as many slots as there are robots, else
        the auction does not end. They must not change. What they differ by counts, and is cut at a quarter of `MOST`.
    step
        By how much a bid is higher than needed, in the unit of the benefits, at least 1: larger ends sooner, but
        farther from the best.
    """

    def __init__(self, index: int, benefits: NDArray[np.int64], step: int) -> None:
        self._index = index
        self._benefits = np.maximum(benefits - benefits.max(initial=0), -(MOST // 4))
        self._step = step
        self._bids = np.zeros(len(benefits), dtype=np.int64)
        self._said = 0  # slot with which the next message begins

    @property
    def slot(self) -> int | None:
        """The slot for which this robot leads, as far as it knows."""
        mine = np.flatnonzero(self.bidders == self._index)
        # two after a restart, when bids of the former life come back: then the better one
        return int(mine[np.argmax(self._benefits[mine])]) if mine.size else None

    @property
    def bidders(self) -> NDArray[np.int64]:
        """Who leads for each slot, shape (m,); 256 where nobody does."""
        return np.asarray(_NOBODY - self._bids % _BASE)

    @property
    def prices(self) -> NDArray[np.int64]:
        """Price of each slot, shape (m,)."""
        return np.asarray(self._bids // _BASE)

    def bid(self) -> int | None:
        """Bid if this robot leads for no slot; return the slot for which it leads then, None if there is none."""
        slot = self.slot
        if slot is not None or not len(self._bids):
            return slot
        prices = self.prices
        net = self._benefits - prices
        best = int(np.argmax(net))
        others = np.delete(net, best)
        lead = int(net[best] - others.max()) if others.size else 0
        price = min(int(prices[best]) + lead + self._step, MOST)
        self._bids[best] = max(int(self._bids[best]), price * _BASE + _NOBODY - self._index)
        return self.slot

    def words(self) -> bytes:
        """Return the table as a message, msgpack; a long one in parts, one after another."""
        first = self._said
        part = self._bids[first : first + _PART]
        self._said = first + _PART if first + _PART < len(self._bids) else 0
        return _encoder.encode(_Words(first, part.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :_WIDTH].tobytes()))

    def hear(self, words: bytes | Raw) -> bool:
        """Merge what another robot said.

        Returns
        -------
        bool
            True if the two tables differed: then somebody does not know all yet. What is no part of a table of this
            size is passed over.
        """
        try:
            said = _decoder.decode(words)
        except UNREADABLE:
            return False
        count, rest = divmod(len(said.bids), _WIDTH)
        if rest or said.first < 0 or said.first + count > len(self._bids):
            return False
        wide = np.zeros((count, 8), dtype=np.uint8)
        wide[:, :_WIDTH] = np.frombuffer(said.bids, dtype=np.uint8).reshape(count, _WIDTH)
        heard = wide.reshape(-1).view("<i8").astype(np.int64)
        if (heard % _BASE > _NOBODY).any() or (heard // _BASE > MOST).any():
            return False
        own = self._bids[said.first : said.first + count]
        differed = not np.array_equal(own, heard)
        np.maximum(own, heard, out=own)
        return differed
