"""Points are ranked by the policy on what the halls are doing, and say why."""

from datetime import timedelta

import httpx
import pytest

from models.catalog import Window
from models.kinds import WindowKind
from server.balancing.loads import LOADS, HallLoad
from server.balancing.presence import evacuate
from server.balancing.ranking import Question, rank_points
from server.balancing.recommended import (
    RECOMMENDED_KEY,
    Recommendation,
    Recommended,
    asker_of,
    is_followed,
)
from server.balancing.rules import Place
from server.balancing.waits import Hall, predict_wait
from server.catalog.errors import UnknownItem
from server.kit.access import ENGINE
from server.kit.redis import open_redis
from tests.support.papers import BRANCH, CENTER, ITEM

AT_THE_CENTER = Place(26.089, 119.297)


class Halls:
    """A source of load that says what it was told."""

    def __init__(self, **loads):
        codes = {"center": CENTER, "branch": BRANCH}
        self.loads = {codes[name]: load for name, load in loads.items()}

    async def read_loads(self, *, now):
        del now
        return self.loads

    async def read_services(self, *, now):
        del now
        return []


@pytest.fixture
def halls():
    """Let the halls be as told; what they were is back afterwards."""
    kept = LOADS._sources, LOADS._services

    def tell(**loads):
        LOADS.use(Halls(**loads), services=Halls())

    tell()
    yield tell
    LOADS.use(*kept[0], services=kept[1])


@pytest.fixture(autouse=True)
async def _nothing_recommended(ports):
    await ports.redis.delete(RECOMMENDED_KEY)
    LOADS.forget()


async def _rank(ports, item=ITEM, start=AT_THE_CENTER, limit=100):
    return await rank_points(Question(item, start, limit), ports.redis, now=ports.now())


async def test_the_shorter_queue_comes_first_and_every_part_has_its_source(ports, halls):
    halls(
        center=HallLoad(2, (ports.now(),) * 2, ((ITEM,),) * 12),
        branch=HallLoad(3, (ports.now(),) * 3, ((ITEM,),) * 4),
    )
    first, second = await _rank(ports)
    assert (first.point.code, second.point.code) == (BRANCH, CENTER)
    hall = Hall(3, (0.0,) * 3, 4, mean_minutes=8.0)
    assert first.expected.wait == pytest.approx(predict_wait(hall, arrives_in=4.0))
    assert (first.expected.travel, first.expected.service) == (4, 8)
    assert first.sources == (
        "距您约0.0公里,按公交骑行估算",
        "开 3 个窗口,前面 4 人",
        "办理约 8 分钟,按事项规定用时",
    )
    assert second.sources[1] == "开 2 个窗口,前面 12 人"
    assert second.reason == ";".join(second.sources)


async def test_those_who_booked_are_before_one(ports, halls):
    soon = ports.now() + timedelta(minutes=2)
    halls(
        center=HallLoad(1, (ports.now(),), coming=(soon, soon)), branch=HallLoad(1, (ports.now(),))
    )
    first, second = await _rank(ports)
    assert first.point.code == BRANCH
    assert second.sources[1] == "开 1 个窗口,前面 0 人,另有 2 人已预约或在路上"
    assert second.expected.wait > first.expected.wait + 10


async def test_a_point_without_an_open_window_comes_last_and_says_so(ports, halls):
    halls(branch=HallLoad(1, (ports.now(),), ((ITEM,),) * 30))
    first, second = await _rank(ports)
    assert (first.point.code, second.point.code) == (BRANCH, CENTER)
    assert second.sources[1] == "目前没有开放窗口,前面 0 人"


async def test_a_dark_point_is_shown_to_nobody(ports, halls):
    halls(center=HallLoad(3), branch=HallLoad(3))
    await evacuate(BRANCH, actor=ENGINE, now=ports.now(), reason="fire")
    assert [one.point.code for one in await _rank(ports)] == [CENTER]


async def test_a_recommendation_makes_no_rush(ports, halls):
    halls(center=HallLoad(1), branch=HallLoad(1))
    shown = []
    for step in range(12):
        start = Place(26.089 + step * 0.001, 119.297)
        shown.append((await _rank(ports, start=start))[0].point.code)
    assert {CENTER, BRANCH} == set(shown)
    followed = sum(
        is_followed(asker_of(Place(26.089 + step * 0.001, 119.297), ITEM)) for step in range(12)
    )
    assert await ports.redis.zcard(RECOMMENDED_KEY) == followed > 0


async def test_asking_again_from_the_same_place_counts_once(ports, halls):
    halls(center=HallLoad(1))
    for _ in range(5):
        await _rank(ports, start=next(filter(_counts, _places())))
    assert await ports.redis.zcard(RECOMMENDED_KEY) == 1


async def test_another_process_knows_what_was_recommended(ports):
    one, other = Recommended(), Recommended()
    asker = asker_of(next(filter(_counts, _places())), ITEM)
    shown = Recommendation(CENTER, asker, ports.now() + timedelta(minutes=6))
    assert one.note(shown)
    assert not one.note(Recommendation(BRANCH, asker, shown.arrives_at))
    await one.tell(ports.redis, shown)
    assert await other.under_way(ports.redis, now=ports.now()) == [shown]
    later = ports.now() + timedelta(minutes=6)
    assert await other.under_way(ports.redis, now=later) == []
    assert await ports.redis.zcard(RECOMMENDED_KEY) == 0


async def test_without_redis_each_process_remembers_for_itself(ports):
    away, here = open_redis("redis://127.0.0.1:9/0"), Recommended()
    asker = asker_of(next(filter(_counts, _places())), ITEM)
    shown = Recommendation(CENTER, asker, ports.now() + timedelta(minutes=6))
    assert here.note(shown)
    await here.tell(away, shown)
    assert await here.under_way(away, now=ports.now()) == [shown]


async def test_without_a_start_the_shortest_wait_comes_first(ports, halls):
    halls(center=HallLoad(1, (ports.now(),), ((ITEM,),)), branch=HallLoad(1, (ports.now(),)))
    first, second = await _rank(ports, start=None)
    assert (first.point.code, first.distance, first.expected.travel) == (BRANCH, None, 0)
    assert first.reason == "开 1 个窗口,前面 0 人;办理约 8 分钟,按事项规定用时"
    assert second.expected.wait > first.expected.wait


async def test_without_an_item_all_open_points_are_ranked(ports):
    assert len(await _rank(ports, item=None)) == 81
    assert len(await _rank(ports, item=None, limit=7)) == 7


async def test_an_unknown_item_is_refused(ports):
    with pytest.raises(UnknownItem):
        await _rank(ports, item="GL9999")


async def test_the_public_answer_shows_each_part(ports, api_url):
    await Window.filter(point_code=BRANCH, kind=WindowKind.ACCEPT).update(opened_at=ports.now())
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1") as http:
        answer = await http.get(
            "/public/points",
            params={"item_code": ITEM, "lat": 26.089, "lng": 119.297, "limit": 1},
        )
        half = await http.get("/public/points", params={"lat": 26.089})
        far = await http.get("/public/points", params={"lat": 91, "lng": "nan"})
        pole = await http.get("/public/points", params={"lat": -90, "lng": 180})
    assert (answer.status_code, pole.status_code) == (200, 200)
    (point,) = answer.json()["items"]
    shown = {name: point[name] for name in point if name.endswith("_minutes")}
    assert shown == {
        "expected_minutes": 12.0,
        "travel_minutes": 4.0,
        "wait_minutes": 0.0,
        "service_minutes": 8.0,
    }
    assert (point["code"], point["distance_km"]) == (BRANCH, 0.0)
    assert point["wait_source"] == "开 6 个窗口,前面 0 人"
    assert (half.status_code, far.status_code) == (422, 422)


def _places():
    return (Place(26.0 + step * 0.01, 119.297) for step in range(100))


def _counts(start):
    return is_followed(asker_of(start, ITEM))
