"""A capability that does nothing but use the kit, and the people who call it."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import Field

from models.cases import CaseCounter
from server.kit.access import ADMINS, CITIZENS, EVERYBODY, Actor, Role
from server.kit.counters import next_number
from server.kit.errors import NotFound, WrongState
from server.kit.http.call import Call, Content
from server.kit.http.routes import Surface
from server.kit.http.schemas import Code, Incoming, Line, Nothing, Outgoing, PageQuery

DAY = date(2026, 11, 23)

PEOPLE = {
    "citizen-token": Actor(Role.CITIZEN, id="1" * 32, person_id="2" * 32),
    "other-citizen-token": Actor(Role.CITIZEN, id="3" * 32, person_id="4" * 32),
    "clerk-token": Actor(Role.CLERK, id="5" * 32, point_code="350102-C"),
}


async def authenticate(token):
    """Whose a token is."""
    return PEOPLE.get(token)


class Gate:
    """Where a handler stops until the test lets it go on."""

    reached = asyncio.Event()
    passed = asyncio.Event()


def open_gate():
    Gate.reached, Gate.passed = asyncio.Event(), asyncio.Event()
    Gate.passed.set()


class ThingIn(Incoming):
    """A thing to make."""

    name: Line
    count: Annotated[int, Field(ge=0, le=1000)] = 1
    weight: Annotated[float, Field(ge=0, le=10)] = 0.0
    made_at: datetime | None = None


class ThingQuery(PageQuery):
    """Which things."""

    colour: Code | None = None
    price: Annotated[float, Field(ge=0)] | None = None


class ThingOut(Outgoing):
    """A thing."""

    number: int
    name: str


async def count_one(name="toy"):
    return await next_number(CaseCounter, point_code=name, day=DAY)


async def effects(name="toy"):
    """How often something took effect."""
    row = await CaseCounter.get_or_none(point_code=name, day=DAY)
    return row.last_number if row else 0


toy = Surface("/toy", tag="toy")


@toy.post("/things", allows=CITIZENS, status=201)
async def make(call: Call[ThingIn, None]) -> ThingOut:
    """Make a thing."""
    number = await count_one()
    Gate.reached.set()
    await Gate.passed.wait()
    return ThingOut(number=number, name=call.body.name)


@toy.post("/things/<thing_id>/forget", allows=CITIZENS)
async def forget(call: Call[Nothing, None]) -> None:
    """Count, and answer nothing."""
    await count_one(call.path["thing_id"])


@toy.post("/refused", allows=CITIZENS, refuses=(WrongState,))
async def refuse_once(call: Call[Nothing, None]) -> ThingOut:
    """Refuse until the second time that it is asked after the world changed."""
    number = await count_one()
    if await effects("allowed") == 0:
        raise WrongState(state="shut", wanted="open")
    return ThingOut(number=number, name=call.request_id)


@toy.get("/things", allows=EVERYBODY)
async def things(call: Call[None, ThingQuery]) -> ThingOut:
    """Show what was asked."""
    return ThingOut(number=call.query.limit, name=call.query.colour or "")


@toy.get("/things/<thing_id>", allows=EVERYBODY, refuses=(NotFound,))
async def thing(call: Call[None, None]) -> ThingOut:
    """Show one."""
    return ThingOut(number=1, name=call.path["thing_id"])


@toy.put("/things/<thing_id>", allows=CITIZENS)
async def put_thing(call: Call[ThingIn, None]) -> ThingOut:
    """Set one."""
    return ThingOut(number=await count_one(call.path["thing_id"]), name=call.body.name)


@toy.get("/admin", allows=ADMINS)
async def admin(call: Call[None, None]) -> ThingOut:
    """For administrators."""
    return ThingOut(number=1, name=call.actor.name)


@toy.get("/contested", allows=EVERYBODY)
async def contested(call: Call[None, None]) -> ThingOut:
    """Wait for a row that somebody else holds."""
    Gate.reached.set()
    await CaseCounter.filter(point_code="contested").update(last_number=2)
    return ThingOut(number=2, name=call.request_id)


@toy.get("/broken", allows=EVERYBODY)
async def broken(call: Call[None, None]) -> ThingOut:
    """Fail as nobody foresaw."""
    raise ValueError(f"13900001234 {call.request_id}")


@toy.get("/paper", allows=EVERYBODY, media_type="application/pdf")
async def paper(call: Call[None, None]) -> Content:
    """Hand out a file."""
    return Content(b"%PDF-1.4", "application/pdf", name=f"材料 {call.now.astimezone(UTC):%Y}.pdf")
