"""What a person or a program did wrong with the log, in sentences."""

from __future__ import annotations

from swarm_consensus.errors import InputError, SwarmError


class AgreementError(SwarmError):
    """Something asked of the log that it refuses; the sentence says why."""


class SettingsError(InputError):
    """Settings or members that can't work, one sentence each."""


class StorageError(SwarmError):
    """The disk holds something else than what was written, belongs to another, or takes no more."""
