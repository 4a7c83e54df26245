"""The API and the engine."""
