"""Points are ranked by the minutes until done, and say why."""

import httpx
import pytest

from server.balancing import ranking
from server.balancing.ranking import rank_points, register_load_source
from server.balancing.rules import Place, PointLoad
from server.catalog.errors import UnknownItem
from tests.support.papers import BRANCH, CENTER, ITEM

AT_THE_CENTER = Place(26.089, 119.297)


class Hall:
    """A source of load that says what it was told."""

    def __init__(self, **loads):
        self.loads = {"center": CENTER, "branch": BRANCH}
        self.loads = {self.loads[name]: load for name, load in loads.items()}

    async def read_loads(self, point_codes, *, now):
        del now
        return {code: load for code, load in self.loads.items() if code in point_codes}


@pytest.fixture(autouse=True)
def _no_sources(monkeypatch):
    monkeypatch.setattr(ranking, "_sources", [])


async def test_the_shorter_queue_comes_first_with_its_reason(ports):
    register_load_source(
        Hall(
            center=PointLoad(waiting=12, windows_open=2, service_minutes=5.0),
            branch=PointLoad(waiting=4, windows_open=3, service_minutes=6.0),
        )
    )
    first, second = await rank_points(ITEM, start=AT_THE_CENTER, now=ports.now())
    assert (first.point.code, second.point.code) == (BRANCH, CENTER)
    assert (first.expected.travel, first.expected.wait, first.expected.service) == (4, 8, 8)
    assert first.reason == "距您约0.0公里,开放窗口3个,前面4人"
    assert (second.expected.wait, second.reason) == (30, "距您约0.0公里,开放窗口2个,前面12人")


async def test_loads_of_several_sources_are_added_up(ports):
    register_load_source(Hall(center=PointLoad(2, 1, 5.0)))
    register_load_source(Hall(center=PointLoad(waiting=1)))
    ranked = {one.point.code: one for one in await rank_points(ITEM, start=None, now=ports.now())}
    assert ranked[CENTER].expected.wait == 15
    assert ranked[CENTER].reason == "开放窗口1个,前面3人"


async def test_without_a_source_the_queue_is_said_to_be_unknown(ports):
    ranked = await rank_points(ITEM, start=None, now=ports.now())
    assert [one.point.code for one in ranked] == [BRANCH, CENTER]
    assert {one.reason for one in ranked} == {"暂无实时排队信息"}
    assert {one.expected.total for one in ranked} == {8}


async def test_a_hall_without_an_open_window_says_so(ports):
    register_load_source(Hall(center=PointLoad(waiting=2)))
    ranked = {one.point.code: one for one in await rank_points(ITEM, start=None, now=ports.now())}
    assert ranked[CENTER].reason == "目前没有开放窗口,前面2人"


async def test_without_an_item_all_open_points_are_ranked(ports):
    assert len(await rank_points(None, start=None, now=ports.now())) == 81


async def test_an_unknown_item_is_refused(ports):
    with pytest.raises(UnknownItem):
        await rank_points("GL9999", start=None, now=ports.now())


async def test_the_public_answer_shows_each_part(api_url):
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1") as http:
        answer = await http.get(
            "/public/points",
            params={"item_code": ITEM, "lat": 26.089, "lng": 119.297, "limit": 1},
        )
        half = await http.get("/public/points", params={"lat": 26.089})
        far = await http.get("/public/points", params={"lat": 91, "lng": "nan"})
    assert answer.status_code == 200
    (point,) = answer.json()["items"]
    shown = {name: point[name] for name in point if name.endswith("_minutes")}
    assert shown == {
        "expected_minutes": 12.0,
        "travel_minutes": 4.0,
        "wait_minutes": 0.0,
        "service_minutes": 8.0,
    }
    assert (point["code"], point["distance_km"]) == (BRANCH, 0.0)
    assert (half.status_code, far.status_code) == (422, 422)
