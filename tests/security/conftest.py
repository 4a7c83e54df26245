"""A district full of things that belong to somebody."""

import pytest

from tests.security.world import build_world


@pytest.fixture
async def world(ports):
    """Everybody's things, and who has them."""
    return await build_world(ports)
