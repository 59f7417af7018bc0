"""Raft as a state machine: messages and ticks in; what to store, send and apply out."""
