"""The way in: routes as declarations, one pipeline that runs them, problems, documentation."""
