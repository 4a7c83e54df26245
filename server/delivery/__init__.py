"""寄递: parcels, pickup codes, hand-overs, rounds, tracking."""
