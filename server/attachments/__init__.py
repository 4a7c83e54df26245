"""Uploads: received, checked, kept, handed out."""
