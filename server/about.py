"""What this system is: so that a client, and a person, knows what stands behind an address."""

from server.app import VERSION
from server.catalog.service import holds_sample_items
from server.kit.access import EVERYBODY
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Outgoing

public = Surface("/public", tag="about")


class AboutOut(Outgoing):
    """The system; `sandboxes` names the vendors' stand-ins, outside of production only."""

    name: str
    version: str
    environment: str
    is_embedded: bool
    is_sample_catalogue: bool
    sandboxes: dict[str, str]


@public.get("/about", allows=EVERYBODY)
async def about(call: Call) -> AboutOut:
    """Tell what this system is, and in a demonstration where its vendors' sandboxes are."""
    settings = call.ports.settings
    bases = {"wechat": settings.wechat_api_base, "ems": settings.ems_api_base}
    return AboutOut(
        name="Tongban 通办",
        version=VERSION,
        environment=settings.environment,
        is_embedded=settings.is_embedded,
        is_sample_catalogue=await holds_sample_items(),
        sandboxes={} if settings.environment == "production" else bases,
    )
