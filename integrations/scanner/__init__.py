"""Malware checks of uploads."""
