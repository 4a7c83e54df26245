"""Citizens rate their cases; everybody sees what the ratings add up to."""

from server.cases.access import access_case
from server.catalog.errors import UnknownPoint
from server.kit.access import CITIZENS, EVERYBODY
from server.kit.errors import NotFound
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.ratings.errors import AlreadyRated, NotRated, NotYetRateable, ReasonsMismatch
from server.ratings.rules import SCORES
from server.ratings.schemas import (
    RatingIn,
    RatingOut,
    ScoreOut,
    ScoresOut,
    SummaryOut,
    SummaryQuery,
)
from server.ratings.service import get_rating, rate, summarise

citizen = Surface("/citizen", tag="ratings")
public = Surface("/public", tag="ratings_public")
SURFACES = (citizen, public)


@citizen.post(
    "/cases/<case_no>/rating",
    allows=CITIZENS,
    refuses=(NotFound, NotYetRateable, AlreadyRated, ReasonsMismatch),
    status=201,
)
async def rate_case(call: Call[RatingIn, None]) -> RatingOut:
    """Rate one's own case after its outcome, once."""
    case = await access_case(call.actor, call.path["case_no"])
    return RatingOut.of(await rate(case, call.body.as_opinion(), now=call.now))


@citizen.get("/cases/<case_no>/rating", allows=CITIZENS, refuses=(NotFound, NotRated))
async def show_rating(call: Call) -> RatingOut:
    """Show what one said about one's own case."""
    return RatingOut.of(await get_rating(await access_case(call.actor, call.path["case_no"])))


@public.get("/ratings/summary", allows=EVERYBODY, refuses=(UnknownPoint,))
async def show_summary(call: Call[None, SummaryQuery]) -> SummaryOut:
    """Show how the cases of a point, or of the whole district, were rated."""
    point_code = call.query.point_code
    return SummaryOut.of(await summarise(point_code), point_code=point_code)


@public.get("/ratings/reasons", allows=EVERYBODY)
async def list_reasons(call: Call) -> ScoresOut:
    """List every score with the national reasons that may be given for it."""
    del call
    return ScoresOut(items=[ScoreOut.of(score) for score in reversed(SCORES)])
