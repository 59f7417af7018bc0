"""Facts agree: a replicated log over an unreliable radio, and what stands on it."""
