"""The whole way over HTTP: from the first upload to the second round, and who saw what."""

import pytest

from models.attachments import Attachment, FileView
from models.kinds import SessionKind, StaffRole
from models.people import WechatAccount
from models.prereview import PreReview, PreReviewMaterial
from models.staff import StaffAccount
from server.identity.rules import complete_id_number
from server.identity.sessions import open_session
from server.kit.transaction import in_transaction
from tests.support.papers import CENTER, ITEM, LONG_AGO, picture
from tests.support.people import Citizen, bearer, keyed

ZHANG = complete_id_number("35010219000101001")
LI = complete_id_number("35010219000101002")


async def log_in_citizen(http, ports, name, id_number):
    account = await WechatAccount.create(
        openid=name, openid_digest=id_number.ljust(64, "0"), created_at=LONG_AGO
    )
    someone = await session_of(ports, SessionKind.CITIZEN, account.id)
    identity = {"name": name, "id_number": id_number}
    answer = await http.put("/citizen/identity", json=identity, headers=bearer(someone))
    answer.raise_for_status()
    return await session_of(ports, SessionKind.CITIZEN, account.id)


async def log_in_clerk(ports, login, point_code=CENTER):
    clerk = await StaffAccount.create(
        login=login,
        display_name=login,
        role=StaffRole.CLERK,
        point_code=point_code,
        password_hash="-",
        totp_secret="-",
        created_at=LONG_AGO,
    )
    return await session_of(ports, SessionKind.STAFF, clerk.id)


async def session_of(ports, kind, subject_id):
    session = await in_transaction(
        lambda: open_session(kind, subject_id, ports=ports, now=ports.now())
    )
    return Citizen(subject_id, session.token)


@pytest.fixture
async def zhang(http, ports):
    return await log_in_citizen(http, ports, "张三", ZHANG)


@pytest.fixture
async def wang(ports):
    return await log_in_clerk(ports, "clerk-wang")


@pytest.fixture
async def draft(http, zhang):
    answer = await http.post("/citizen/pre-reviews", json={"item_code": ITEM}, headers=keyed(zhang))
    assert answer.status_code == 201
    return f"/citizen/pre-reviews/{answer.json()['id']}"


@pytest.fixture
async def submitted(http, zhang, draft):
    for seq in (1, 2):
        await put_picture(http, zhang, draft, seq)
    answer = await http.post(f"{draft}/submit", headers=keyed(zhang))
    assert (answer.status_code, answer.json()["state"]) == (200, "submitted")
    return draft


async def put_picture(http, citizen, draft, seq, content=None):
    headers = bearer(citizen) | {"content-type": "image/png"}
    body = picture() if content is None else content
    return await http.put(f"{draft}/materials/{seq}", content=body, headers=headers)


async def claim_next(http, clerk):
    return await http.post("/desk/pre-reviews/claim-next", headers=keyed(clerk))


async def act(http, clerk, pre_review_id, what, **body):
    return await http.post(
        f"/desk/pre-reviews/{pre_review_id}/{what}", json=body, headers=keyed(clerk)
    )


async def test_uploads_come_raw_or_as_a_form(http, zhang, draft):
    raw = await put_picture(http, zhang, draft, 1)
    form = await http.put(
        f"{draft}/materials/2",
        files={"file": ("../../身份证.jpg", picture(kind="JPEG"), "text/html")},
        headers=bearer(zhang),
    )
    assert (raw.status_code, form.status_code) == (200, 200)
    states = {one["seq"]: one["file_state"] for one in form.json()["materials"]}
    assert states == {1: "clean", 2: "clean", 3: None}
    assert {row.media_type for row in await Attachment.all()} == {"image/png", "image/jpeg"}


async def test_a_refused_file_is_answered_with_its_reason_and_stands_for_nothing(
    http, zhang, draft, ports
):
    answer = await put_picture(http, zhang, draft, 1, b"<html>")
    assert (answer.status_code, answer.json()["code"]) == (422, "file_not_accepted")
    assert answer.json()["data"]["reason"] == "not_an_accepted_type"
    assert await PreReviewMaterial.all().count() == 0
    assert list(ports.blobs.quarantine().iterdir()) == []


@pytest.mark.parametrize("seq", ["0", "4", "99999", "one", "¹"])
async def test_an_unknown_material_is_refused_before_its_bytes_are_kept(http, zhang, draft, seq):
    answer = await put_picture(http, zhang, draft, seq)
    assert answer.status_code == 404
    assert await Attachment.all().count() == 0


async def test_a_large_body_that_is_refused_early_does_no_harm(http, zhang, draft):
    refused = await put_picture(http, zhang, draft, 4, bytes(8 * 1024 * 1024))
    assert refused.status_code == 404
    taken = await put_picture(http, zhang, draft, 1)
    assert taken.status_code == 200


async def test_a_body_over_the_limit_leaves_nothing(http, zhang, draft, ports):
    answer = await put_picture(http, zhang, draft, 1, bytes(10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await Attachment.all().count() == 0
    assert list(ports.blobs.quarantine().iterdir()) == []


async def test_nobody_else_reaches_ones_papers(http, ports, draft, zhang):
    await put_picture(http, zhang, draft, 1)
    li = await log_in_citizen(http, ports, "李四", LI)
    attachment = await Attachment.get()
    answers = [
        await http.get(draft, headers=bearer(li)),
        await put_picture(http, li, draft, 1),
        await http.delete(f"{draft}/materials/1", headers=bearer(li)),
        await http.post(f"{draft}/submit", headers=keyed(li)),
        await http.post(f"{draft}/withdraw", headers=keyed(li)),
        await http.get(f"/citizen/attachments/{attachment.id}", headers=bearer(li)),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6
    assert await Attachment.all().count() == 1
    listed = await http.get("/citizen/pre-reviews", headers=bearer(li))
    assert listed.json() == {"items": [], "next_cursor": None}


async def test_ones_pre_reviews_are_listed_newest_first(http, zhang, draft):
    for _ in range(2):
        await http.post("/citizen/pre-reviews", json={"item_code": ITEM}, headers=keyed(zhang))
    first = await http.get("/citizen/pre-reviews", params={"limit": 2}, headers=bearer(zhang))
    cursor = first.json()["next_cursor"]
    rest = await http.get(
        "/citizen/pre-reviews", params={"limit": 2, "cursor": cursor}, headers=bearer(zhang)
    )
    ids = [one["id"] for page in (first, rest) for one in page.json()["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), ids[-1]) == (3, draft.rpartition("/")[2])
    assert rest.json()["next_cursor"] is None


async def test_a_reviewer_claims_looks_and_sends_back_and_the_owner_sees_who_looked(
    http, zhang, wang, submitted, clock
):
    claim = (await claim_next(http, wang)).json()
    papers = claim["pre_review"]
    assert (claim["fence"], papers["state"], papers["applicant"]) == (1, "in_review", "张*")
    file_id = papers["materials"][0]["attachment_id"]
    file = await http.get(f"/desk/attachments/{file_id}", headers=bearer(wang))
    assert (file.status_code, file.headers["content-type"]) == (200, "image/png")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    views = await http.get("/citizen/file-views", headers=bearer(zhang))
    assert views.json()["items"] == [
        {
            "attachment_id": file_id,
            "viewer_name": "鼓楼区行政服务中心 窗口人员",
            "purpose": "材料预审",
            "viewed_at": "2026-11-23T01:00:00Z",
        }
    ]
    findings = [
        {"seq": 1, "reason": "unreadable", "advice": "请重新拍照"},
        {"seq": 2, "reason": "in_order"},
    ]
    sent_back = await act(http, wang, papers["id"], "return", fence=1, findings=findings)
    assert (sent_back.status_code, sent_back.json()["state"]) == (200, "returned")
    shown = (await http.get(submitted, headers=bearer(zhang))).json()
    (notice,) = shown["notices"]
    (finding,) = notice["findings"]
    assert (finding["seq"], finding["reason_text"], finding["advice"]) == (
        1,
        "看不清",
        "请重新拍照",
    )
    assert "applicant" not in shown
    clock.advance(minutes=5)
    await put_picture(http, zhang, submitted, 1)
    again = await http.post(f"{submitted}/submit", headers=keyed(zhang))
    assert (again.status_code, again.json()["round_no"]) == (200, 2)


@pytest.mark.usefixtures("submitted")
async def test_a_file_is_closed_to_staff_who_do_not_review_it(http, ports, wang):
    other = await log_in_clerk(ports, "clerk-other")
    claim = (await claim_next(http, wang)).json()
    file_id = claim["pre_review"]["materials"][0]["attachment_id"]
    answer = await http.get(f"/desk/attachments/{file_id}", headers=bearer(other))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await FileView.all().count() == 0


@pytest.mark.usefixtures("submitted")
async def test_only_the_one_who_claimed_ends_a_review(http, ports, wang):
    other = await log_in_clerk(ports, "clerk-other")
    branch = await log_in_clerk(ports, "clerk-branch", "350102-B")
    claim = (await claim_next(http, wang)).json()
    pre_review_id = claim["pre_review"]["id"]
    renewed = await act(http, wang, pre_review_id, "renew", fence=1)
    assert (renewed.status_code, renewed.json()["fence"]) == (200, 1)
    for clerk, fence, code in (
        (other, 1, "lease_lost"),
        (wang, 2, "lease_lost"),
        (branch, 1, "not_found"),
    ):
        for what in ("pass", "renew", "release"):
            answer = await act(http, clerk, pre_review_id, what, fence=fence)
            assert answer.json()["code"] == code
    assert (await PreReview.get()).state == "in_review"
    released = await act(http, wang, pre_review_id, "release", fence=1)
    assert (released.status_code, (await PreReview.get()).state) == (204, "submitted")
    assert (await claim_next(http, other)).json()["fence"] == 2
    rejected = await act(http, other, pre_review_id, "reject", fence=2, reason="不符合条件")
    assert (rejected.json()["state"], rejected.json()["rejection"]) == ("rejected", "不符合条件")


@pytest.mark.usefixtures("submitted")
async def test_a_repeated_claim_gives_the_same_papers(http, wang):
    headers = keyed(wang)
    first = await http.post("/desk/pre-reviews/claim-next", headers=headers)
    second = await http.post("/desk/pre-reviews/claim-next", headers=headers)
    assert first.json() == second.json()
    nothing = await claim_next(http, wang)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "nothing_to_review")


@pytest.mark.parametrize(
    "findings",
    [
        [],
        [{"seq": 1, "reason": "unreadable"}],
        [{"seq": 1, "reason": "in_order", "advice": "无"}],
        [{"seq": 1, "reason": "ugly", "advice": "请重拍"}],
        [{"seq": 0, "reason": "missing", "advice": "请补"}],
        [{"seq": 1, "reason": "in_order"}, {"seq": 1, "reason": "in_order"}],
    ],
)
@pytest.mark.usefixtures("submitted")
async def test_a_return_of_the_wrong_shape_is_refused(http, wang, findings):
    claim = (await claim_next(http, wang)).json()
    answer = await act(http, wang, claim["pre_review"]["id"], "return", fence=1, findings=findings)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_shape")
    assert (await PreReview.get()).state == "in_review"
