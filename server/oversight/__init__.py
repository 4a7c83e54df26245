"""督查: what spans all points."""
