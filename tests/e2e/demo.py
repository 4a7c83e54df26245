"""The main job, played over HTTP against a running system: `python -m tests.e2e.demo URL`.

Four people - a citizen, a clerk, a handler and a courier - and the sandboxes of WeChat and the
post. Each step is told in a line; the first that fails ends the play with exit code 1.
"""

import argparse
import sys
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image

from tests.e2e.cast import Citizen, Courier, Staff
from tests.e2e.http import Hands, StepFailed

ITEM = "特困人员救助供养"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ADDRESS = {
    "province": "江苏省",
    "city": "南京市",
    "county": "玄武区",
    "address": "演示路1号演示花园2栋301室",
}


class Play:
    """The main job, from the login to the rating."""

    def __init__(self, url: str) -> None:
        self._base = f"{url.rstrip('/')}/api/v1"
        about = Hands(self._base).get("/public/about")
        if not about["sandboxes"]:
            raise StepFailed(
                "this system is not a demonstration: there are no sandboxes to play on"
            )
        wechat, ems = about["sandboxes"]["wechat"], about["sandboxes"]["ems"]
        self._post_office = Hands(ems.partition("/amp-prod-api")[0])
        self.citizen = Citizen(self._base, Hands(wechat))
        self.steps = 0

    def run(self) -> None:
        self._arrive()
        item, point = self._choose()
        self.clerk = Staff(self._base, f"clerk-{point}")
        self._tell("clerk", f"{self.clerk.log_in()} is at the desk")
        pre_review = self._review(item, point)
        ticket = self._visit(item, point, pre_review)
        case_no = self._accept(item, ticket, pre_review)
        self._transfer(case_no, point)
        self._decide(case_no)
        self._deliver(case_no, point)
        self._rate(case_no)

    def _tell(self, who: str, words: str) -> None:
        self.steps += 1
        print(f"{self.steps:>2}  {who:<8} {words}", flush=True)

    def _arrive(self) -> None:
        self.citizen.log_in()
        self._tell("citizen", "logs in with a WeChat code")
        self._tell("citizen", f"gives a phone: {self.citizen.give_phone()}")
        shown = self.citizen.give_name("演示群众")
        self._tell("citizen", f"gives a real name: {shown['name']} {shown['id_number']}")

    def _choose(self) -> tuple[str, str]:
        api = self.citizen.api
        item = api.get("/public/items", q=ITEM)["items"][0]
        guide = api.get(f"/public/items/{item['item_code']}")
        asked = len(guide["materials"])
        self._tell("citizen", f"finds {item['item_code']} {item['name']}, {asked} materials asked")
        best = api.get("/public/points", item_code=item["item_code"], lat=26.08, lng=119.3)[
            "items"
        ][0]
        self._tell("citizen", f"is shown {best['code']} {best['name']}: {best['reason']}")
        return item["item_code"], best["code"]

    def _review(self, item: str, point: str) -> str:
        api = self.citizen.api
        body = {"item_code": item, "wished_point_code": point}
        draft = api.post("/citizen/pre-reviews", body)
        self._hand_in(draft, shade=250)
        self._tell("citizen", "uploads materials and submits them for pre-review")
        claim = self._claim(draft["id"])
        findings = [
            {"seq": one["seq"], "reason": "unreadable", "advice": "请重新拍摄,四角完整"}
            for one in claim["pre_review"]["materials"]
            if one["attachment_id"]
        ]
        where = f"/desk/pre-reviews/{draft['id']}"
        self.clerk.api.post(f"{where}/return", {"fence": claim["fence"], "findings": findings})
        self._tell("clerk", f"returns them with all {len(findings)} findings at once")
        self._hand_in(draft, shade=90)
        self._tell("citizen", "uploads better pictures and submits again")
        claim = self._claim(draft["id"])
        self.clerk.api.post(f"{where}/pass", {"fence": claim["fence"]})
        passed = api.get(f"/citizen/pre-reviews/{draft['id']}")
        _expect(passed["state"] == "passed", "the pre-review is passed")
        self._tell("clerk", "passes them")
        return str(draft["id"])

    def _hand_in(self, draft: dict[str, Any], *, shade: int) -> None:
        where = f"/citizen/pre-reviews/{draft['id']}"
        for material in draft["materials"]:
            if material["is_required"]:
                content = _picture((material["seq"], shade, shade))
                self.citizen.api.upload(f"{where}/materials/{material['seq']}", content)
        self.citizen.api.post(f"{where}/submit")

    def _claim(self, pre_review_id: str) -> dict[str, Any]:
        while True:
            claim = self.clerk.api.post("/desk/pre-reviews/claim-next")
            found = claim["pre_review"]["id"]
            if found == pre_review_id:
                return dict(claim)
            self.clerk.api.post(f"/desk/pre-reviews/{found}/pass", {"fence": claim["fence"]})
            self._tell("clerk", "passes an earlier one that waited before it")

    def _visit(self, item: str, point: str, pre_review: str) -> dict[str, Any]:
        api = self.citizen.api
        today = datetime.now(SHANGHAI).date()
        until = today + timedelta(days=13)
        query = {"items": item, "from": today.isoformat(), "to": until.isoformat()}
        times = api.get(f"/public/points/{point}/times", **query)["times"]
        body = {
            "point_code": point,
            "starts_at": times[0]["starts_at"],
            "item_codes": [item],
            "pre_review_id": pre_review,
        }
        visit = api.post("/citizen/appointments", body)
        self._tell(
            "citizen", f"books {_clock(visit['starts_at'])}, one of {len(times)} times shown"
        )
        if visit["state"] == "pending":
            self.clerk.api.post(f"/desk/appointments/{visit['id']}/confirm")
            self._tell("clerk", "confirms the visit")
        ticket = api.post(f"/citizen/appointments/{visit['id']}/check-in")
        self._tell("citizen", f"checks in and holds number {ticket['label']}")
        return self._call(ticket)

    def _call(self, ticket: dict[str, Any]) -> dict[str, Any]:
        desk = self.clerk.api
        window = desk.post("/desk/windows/1/open")["number"]
        while True:
            called = desk.post(f"/desk/windows/{window}/call-next")
            desk.post(f"/desk/windows/{window}/start")
            if called["id"] == ticket["id"]:
                self._tell("clerk", f"calls {called['label']} to window {window}")
                return dict(called)
            desk.post(f"/desk/windows/{window}/finish")

    def _accept(self, item: str, ticket: dict[str, Any], pre_review: str) -> str:
        desk = self.clerk.api
        body = {"item_code": item, "ticket_id": ticket["id"], "pre_review_id": pre_review}
        case_no = desk.post("/desk/cases", body)["case_no"]
        self._tell("clerk", f"receives the papers: case {case_no}")
        case = desk.post(f"/desk/cases/{case_no}/accept")
        desk.post(f"/desk/windows/{ticket['window_no']}/finish")
        self._tell("clerk", f"accepts it, promised by {_clock(case['promised_due_at'])}")
        delivery = {"name": "演示群众", "phone": self.citizen.phone, **ADDRESS}
        shown = self.citizen.api.put(f"/citizen/cases/{case_no}/delivery", delivery)
        self._tell("citizen", f"says where the result goes: {shown['name']} {shown['address']}")
        return str(case_no)

    def _transfer(self, case_no: str, point: str) -> None:
        where = f"/desk/cases/{case_no}"
        case = self.clerk.api.post(f"{where}/transfer", {"way": "mailed"})
        transfer = case["transfers"][-1]
        self.handler = Staff(self._base, f"handler-{transfer['to_code']}")
        self._tell("clerk", f"transfers it to department {transfer['to_code']}, materials by mail")
        waybill = self._hand_out(transfer["parcel_id"], point)
        self._carry(waybill, ("203", "704"))
        self.clerk.api.wait_for(where, lambda now: now["transfers"][-1]["state"] == "arrived")
        self._tell("post", f"brings {waybill} to the department")
        self._tell("handler", f"{self.handler.log_in()} is at the desk")
        self.handler.api.post(f"{where}/take-over")
        self._tell("handler", "takes the case over")

    def _decide(self, case_no: str) -> None:
        desk = self.handler.api
        body = {"outcome": "approved", "note": "材料齐全,符合条件,准予"}
        desk.post(f"/desk/cases/{case_no}/decide", body)
        self._tell("handler", "decides: approved")
        case = desk.post(f"/desk/cases/{case_no}/issue")
        self._tell("handler", f"issues {case['certificate']['title']}")

    def _deliver(self, case_no: str, point: str) -> None:
        api = self.citizen.api
        case = api.wait_for(f"/citizen/cases/{case_no}", lambda now: len(now["parcel_ids"]) > 1)
        parcel = case["parcel_ids"][-1]
        waybill = self._hand_out(parcel, point)
        self._carry(waybill, ("203", "389", "702", "704"))
        api.wait_for(f"/citizen/parcels/{parcel}", lambda now: now["state"] == "delivered")
        shown = api.wait_for(f"/citizen/cases/{case_no}", lambda now: now["state"] == "closed")
        self._tell("post", f"delivers {waybill} to the door")
        self._tell("citizen", f"sees the case closed after {len(shown['timeline'])} steps")

    def _hand_out(self, parcel: str, point: str) -> str:
        desk = self.clerk.api
        here = desk.wait_for(
            "/desk/parcels?limit=50", lambda page: _find(page, parcel)["state"] == "labelled"
        )
        waybill = _find(here, parcel)["waybill_no"]
        label = desk.download(f"/desk/parcels/{parcel}/label")
        _expect(label.startswith(b"%PDF"), "the label is a PDF")
        self._tell("clerk", f"has waybill {waybill} and its label, {len(label) // 1024} KiB")
        sealed = desk.post(f"/desk/parcels/{parcel}/seal", {"seal_no": f"S{waybill[-6:]}"})
        self._tell("clerk", "seals the parcel and shows its pickup code")
        taken = Courier(self._base, point).scan(f"tb:p={sealed['code']}")
        self._tell("courier", f"{taken['courier']} scans the code: {taken['text']}")
        return str(waybill)

    def _carry(self, waybill: str, codes: tuple[str, ...]) -> None:
        for code in codes:
            self._post_office.post("/sandbox/events", {"waybill_no": waybill, "op_code": code})

    def _rate(self, case_no: str) -> None:
        body = {"score": 5, "reason_codes": ["510"], "comment": "一次办结,寄到家门口"}
        rated = self.citizen.api.post(f"/citizen/cases/{case_no}/rating", body)
        self._tell("citizen", f"rates the service: {rated['score_name']}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("url", help="where the system is, such as http://127.0.0.1:8123")
    url = parser.parse_args().url
    try:
        play = Play(url)
        play.run()
    except StepFailed as failure:
        print(f"FAILED  {failure}", flush=True)
        return 1
    print(f"The main job is done: {play.steps} steps.", flush=True)
    return 0


def _find(page: dict[str, Any], parcel: str) -> dict[str, Any]:
    return next((one for one in page["items"] if one["id"] == parcel), {"state": ""})


def _picture(colour: tuple[int, int, int]) -> bytes:
    file = BytesIO()
    Image.new("RGB", (640, 480), colour).save(file, "PNG")
    return file.getvalue()


def _clock(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(SHANGHAI).strftime("%m-%d %H:%M")


def _expect(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise StepFailed(f"not so: {what}")


if __name__ == "__main__":
    sys.exit(main())
