"""Every query of ratings."""

from tortoise.functions import Count

from models.ratings import Rating


async def find_rating(case_id: str) -> Rating | None:
    """Return the rating of a case, or None."""
    return await Rating.get_or_none(case_id=case_id)


async def count_scores(point_code: str | None) -> dict[int, int]:
    """Return how many ratings of each score a point has, or all points."""
    rows = Rating.all() if point_code is None else Rating.filter(point_code=point_code)
    counted = rows.annotate(ratings=Count("id")).group_by("score")
    return dict(await counted.values_list("score", "ratings"))
