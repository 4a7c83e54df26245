"""The append-only trail, and the seals that chain it."""
