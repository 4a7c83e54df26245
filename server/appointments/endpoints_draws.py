"""The draws for new days: what is published, and citizens' wishes."""

from datetime import date

from models.draws import Draw, DrawWish
from models.states import DrawState
from server.appointments.access import access_own_draw_wish
from server.appointments.booking import booker_of
from server.appointments.draws import enter_draw, leave_draw
from server.appointments.errors import AlreadyInDraw, DrawNotOpen, NotAcceptedHere
from server.appointments.schemas_draws import DrawnOut, DrawOut, DrawWishOut
from server.appointments.schemas_waitlist import WishIn
from server.catalog.errors import UnknownItem, UnknownPoint
from server.kit.access import CITIZENS, EVERYBODY
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery

public = Surface("/public", tag="draws")
citizen = Surface("/citizen", tag="draw_wishes")
SURFACES = (public, citizen)


@public.get("/draws", allows=EVERYBODY)
async def list_draws(call: Call[None, PageQuery]) -> Page[DrawOut]:
    """List the draws, the newest first: the hash of each seed, and the seed once it is drawn."""
    return await page_of(Draw.all(), call.query, DrawOut.of)


@public.get("/draws/<day>/wishes", allows=EVERYBODY, refuses=(NotFound,))
async def list_drawn(call: Call[None, PageQuery]) -> Page[DrawnOut]:
    """List the wishes of a day's draw by their ids, with what became of each; none before it.

    Their order in the draw is that of the SHA-256 of `seed:id`.
    """
    held = Draw.filter(day=_day(call.path["day"])).exclude(state=DrawState.ANNOUNCED)
    wishes = DrawWish.filter(draw_id__in=await held.values_list("id", flat=True), live=True)
    return await page_of(wishes, call.query, DrawnOut.of, oldest_first=True)


@citizen.post(
    "/draws/<day>/wishes",
    allows=CITIZENS,
    refuses=(
        NotFound,
        RealNameRequired,
        UnknownItem,
        UnknownPoint,
        NotAcceptedHere,
        DrawNotOpen,
        AlreadyInDraw,
    ),
    status=201,
)
async def enter(call: Call[WishIn, None]) -> DrawWishOut:
    """Hand in a wish for a new day; one for each person."""
    day = _day(call.path["day"])
    wish = await enter_draw(
        day,
        call.body.between(day, day),
        await booker_of(call.person_id, call.actor),
        now=call.now,
        settings=call.ports.settings,
    )
    return DrawWishOut.of(wish)


@citizen.get("/draw-wishes", allows=CITIZENS, refuses=(RealNameRequired,))
async def list_own(call: Call[None, PageQuery]) -> Page[DrawWishOut]:
    """List one's wishes for new days, the newest first."""
    return await page_of(DrawWish.filter(person_id=call.person_id), call.query, DrawWishOut.of)


@citizen.delete(
    "/draw-wishes/<wish_id>",
    allows=CITIZENS,
    refuses=(NotFound, RealNameRequired, WrongState, ChangedMeanwhile),
)
async def leave(call: Call[None, None]) -> None:
    """Take a wish back before the draw."""
    wish = await access_own_draw_wish(call.person_id, call.path["wish_id"])
    await leave_draw(wish, actor=call.actor, now=call.now)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound from None
