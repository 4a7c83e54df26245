"""One rating for one case, by the person it was for."""
