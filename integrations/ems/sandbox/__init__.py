"""A post to develop and test against: `python -m integrations.ems.sandbox --help`."""
