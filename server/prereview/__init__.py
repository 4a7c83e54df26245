"""预审: papers looked at before the visit, and everything that is missing told at once."""
