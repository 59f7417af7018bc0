"""What tests want to know of other processes."""

from __future__ import annotations

from pathlib import Path


def processes_that_name(text: str) -> list[str]:
    """Command lines of living processes with a text in them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_text()
            except OSError:
                continue  # it has just ended
            if text in command:
                found.append(command)
    return found
