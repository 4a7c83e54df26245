"""Service points, items, materials and the working calendar."""
