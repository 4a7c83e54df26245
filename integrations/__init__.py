"""Ports and vendors: contracts that the engine relies on, and the adapters that keep them."""
