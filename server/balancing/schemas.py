"""What balancing takes and gives."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.balancing import PointPresence
from models.kinds import PointLevel
from models.states import PresenceState
from server.balancing.ranking import Question, RankedPoint
from server.balancing.rules import Place
from server.kit.http.schemas import Code, Incoming, Outgoing, Prose

MOST_POINTS = 100
"""The district has 81."""


class PointsQuery(Incoming):
    """For which item, and from where, in degrees (WGS 84); a place is given whole or not at all."""

    item_code: Code | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lng: Annotated[float, Field(ge=-180, le=180)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_POINTS)] = 20

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.lat is None) != (self.lng is None):
            raise ValueError("lat and lng belong together")
        return self

    @property
    def question(self) -> Question:
        """What is asked."""
        if self.lat is None or self.lng is None:
            return Question(self.item_code, limit=self.limit)
        return Question(self.item_code, Place(self.lat, self.lng), limit=self.limit)


class RankedPointOut(Outgoing):
    """A point with the expected minutes until done there, in all and by part, and why."""

    code: str
    name: str
    level: PointLevel
    street: str
    address: str
    phone: str
    lat: float
    lng: float
    distance_km: float | None
    expected_minutes: float
    travel_minutes: float
    wait_minutes: float
    service_minutes: float
    travel_source: str
    wait_source: str
    service_source: str
    reason: str

    @classmethod
    def of(cls, ranked: RankedPoint) -> Self:
        """Show one ranked point, minutes to a tenth."""
        point, expected = ranked.point, ranked.expected
        return cls(
            code=point.code,
            name=point.name,
            level=point.level,
            street=point.street,
            address=point.address,
            phone=point.phone,
            lat=point.lat,
            lng=point.lng,
            distance_km=None if ranked.distance is None else round(ranked.distance, 2),
            expected_minutes=round(expected.total, 1),
            travel_minutes=round(expected.travel, 1),
            wait_minutes=round(expected.wait, 1),
            service_minutes=round(expected.service, 1),
            travel_source=ranked.sources[0],
            wait_source=ranked.sources[1],
            service_source=ranked.sources[2],
            reason=ranked.reason,
        )


class RankedPointsOut(Outgoing):
    """Points, soonest done first."""

    items: list[RankedPointOut]


class EvacuateIn(Incoming):
    """Why a point is evacuated."""

    reason: Prose


class HeardOut(Outgoing):
    """Whether the point is there, and within how many seconds to be heard again."""

    state: PresenceState
    again_within_s: int


class PresenceOut(Outgoing):
    """Whether a point is there, and when its desks were last heard."""

    point_code: str
    state: PresenceState
    heard_at: datetime

    @classmethod
    def of(cls, presence: PointPresence) -> Self:
        """Show the presence of a point."""
        return cls(point_code=presence.id, state=presence.state, heard_at=presence.heard_at)
