"""Days that did not happen: the same policy on the same points, to be counted."""
