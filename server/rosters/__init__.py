"""排班: who staffs which window, who stands in, and what an absence closes."""
