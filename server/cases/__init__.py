"""办件: a case from the counter to the door, one file a verb."""
