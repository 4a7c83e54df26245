"""A carrier in place of the post, and points that parcels leave from."""

from dataclasses import replace

import pytest

from integrations.contracts.carrier import Carriers
from models.catalog import ServicePoint
from models.kinds import PointLevel
from server.delivery.tasks import CONSUMERS
from server.kit.outbox import subscribe
from tests.server.delivery.parcels import FAR_POINT, OTHER_POINT, POINT, FakeCarrier


@pytest.fixture
def carrier(clock):
    """A carrier that does as it is told."""
    return FakeCarrier(clock)


@pytest.fixture
async def post_ports(ports):
    """Ports whose carrier is the post's own sandbox."""
    subscribe(*CONSUMERS)
    for code in (POINT, OTHER_POINT, FAR_POINT):
        facts = {"name": f"受理点{code}", "level": PointLevel.STREET, "lat": 26.1, "lng": 119.3}
        await ServicePoint.get_or_create(code=code, defaults=facts)
    return ports


@pytest.fixture
async def desk(post_ports, carrier):
    """Ports of a desk whose parcels go with `carrier`."""
    return replace(post_ports, carriers=Carriers("ems", {"ems": carrier}))
