"""A bundle on its way, on disk: chunks in the order in which they came. A tail that a crash cut off is left out.

Nothing in the file is trusted: `spreading.Transfer` verifies each chunk anew when it starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from swarm_consensus.network.manifest import BundleFault
from swarm_consensus.network.spreading import Chunk, pack, unpack

_LENGTH = 4  # bytes before each chunk
_LARGEST = 4096  # bytes of one record: more is no chunk


class BundleFile:
    """Where the chunks of one bundle are kept.

    Parameters
    ----------
    path
        Of the file; named after the bundle's root, so that no two bundles share one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Iterator[Chunk]:
        """Return the chunks up to the first that can't be read; what comes after is cut off."""
        if not self._path.exists():
            return
        data = self._path.read_bytes()
        place = 0
        while place + _LENGTH <= len(data):
            size = int.from_bytes(data[place : place + _LENGTH], "big")
            end = place + _LENGTH + size
            try:
                if size > _LARGEST or end > len(data):
                    break
                chunk = unpack(data[place + _LENGTH : end])
            except BundleFault:
                break
            if not isinstance(chunk, Chunk):
                break
            yield chunk
            place = end
        if place < len(data):
            os.truncate(self._path, place)

    def keep(self, chunk: Chunk) -> None:
        """Append a chunk.

        Raises
        ------
        BundleFault
            If the disk refuses.
        """
        data = pack(chunk)
        try:
            with self._path.open("ab") as file:
                file.write(len(data).to_bytes(_LENGTH, "big") + data)
        except OSError as error:
            raise BundleFault(f"{self._path}: can't be written: {error.strerror}") from None
