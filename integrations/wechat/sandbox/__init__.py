"""A server that behaves as the platform documents, for tests and demonstrations.

`python -m integrations.wechat.sandbox --port 8201`; see `control.py` for what steers it.
"""
