"""An SF to develop and test against: `python -m integrations.sf.sandbox --help`."""
