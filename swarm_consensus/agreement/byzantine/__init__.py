"""Agreement among liars: signed votes, reliable broadcast, and decisions that survive captured robots."""
