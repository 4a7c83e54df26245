"""A hall whose first windows are shut, and one of them open."""

import pytest

from models.catalog import Window
from models.kinds import WindowKind
from server.queueing.windows import open_window
from tests.server.queueing.hall import do
from tests.support.booking import STREET, make_slots


@pytest.fixture
async def hall(ports):
    """A point that works this morning, with its first two accepting windows closed."""
    await make_slots(30, capacity=9, begin=ports.now())
    windows = Window.filter(point_code=STREET, kind=WindowKind.ACCEPT).order_by("number")
    yield (await windows)[:2]
    await Window.filter(point_code=STREET).update(staff_id=None, opened_at=None, also_kinds=None)


@pytest.fixture
async def window(hall, ports):
    """A window at which the clerk works."""
    return await do(open_window, hall[0], ports=ports)
