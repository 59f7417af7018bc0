"""Running a scenario and judging it: runners, monitor, verdict, recording, report."""
