"""Dataclasses and protocols shared by the engine and the vendor adapters; no I/O."""
