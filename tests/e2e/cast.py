"""The four people of the main job: a citizen, a clerk, a handler, a courier."""

import random
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pyotp

from server.identity.demo_accounts import COURIERS, DEMO_PASSWORD, demo_totp_secret
from server.identity.rules import TOTP_STEP_S, complete_id_number
from tests.e2e.http import Hands, StepFailed

REFUSED_LOGIN = 401


class Citizen:
    """群众: on the phone."""

    def __init__(self, base: str, wechat: Hands) -> None:
        self.api = Hands(base)
        self._wechat = wechat
        self._wechat_name = f"citizen-{uuid4().hex[:8]}"
        self.phone = f"139{random.randrange(10**8):08d}"
        # Born in 1900: nobody's number.
        self.id_number = complete_id_number(f"35010219000101{random.randrange(1000):03d}")

    def log_in(self) -> dict[str, Any]:
        code = self._wechat.post("/sandbox/codes", {"person": self._wechat_name})["code"]
        answer = self.api.post("/citizen/login", {"code": code})
        self.api.token = answer["token"]
        return answer["citizen"]

    def give_phone(self) -> str:
        code = self._wechat.post("/sandbox/phone-codes", {"phone": self.phone})["code"]
        return self.api.post("/citizen/phone", {"code": code})["phone"]

    def give_name(self, name: str) -> dict[str, Any]:
        body = {"name": name, "id_number": self.id_number}
        return self.api.put("/citizen/identity", body)


class Staff:
    """窗口人员, 经办人: at a desk, by password and one-time code."""

    def __init__(self, base: str, login: str) -> None:
        self.api = Hands(base)
        self._login = login

    def log_in(self) -> str:
        for offset in (0, 1):
            if self._try(int(time.time()) // TOTP_STEP_S + offset):
                return self._login
        # Both codes of this half minute were used by somebody who plays the same person.
        time.sleep(TOTP_STEP_S - time.time() % TOTP_STEP_S + 1)
        if not self._try(int(time.time()) // TOTP_STEP_S + 1):
            raise StepFailed(f"{self._login} cannot log in")
        return self._login

    def _try(self, step: int) -> bool:
        totp = pyotp.TOTP(demo_totp_secret(self._login)).generate_otp(step)
        body = {"login": self._login, "password": DEMO_PASSWORD, "totp": totp}
        answer = self.api.try_post("/desk/login", body)
        if answer.status_code == REFUSED_LOGIN:
            return False
        self.api.token = answer.raise_for_status().json()["token"]
        return True


class Courier:
    """快递员: whoever has the point on his tour."""

    def __init__(self, base: str, point_code: str) -> None:
        self._base = base
        self._point_code = point_code

    def scan(self, text: str) -> dict[str, Any]:
        """Scan a code at the point; each courier tries, one has it on his tour."""
        answer: dict[str, Any] = {}
        for login in COURIERS:
            api = Hands(self._base)
            body = {"login": login, "password": DEMO_PASSWORD}
            api.token = api.post("/courier/login", body)["token"]
            answer = api.post("/courier/scans", self._scans(text))["answers"][0]
            if answer["outcome"] == "collected":
                return {"courier": login, **answer}
        raise StepFailed(f"no courier could scan: {answer.get('text')}")

    def _scans(self, text: str) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        one = {
            "scan_id": uuid4().hex,
            "scanned_at": now,
            "text": text,
            "point_code": self._point_code,
        }
        return {"device_now": now, "scans": [one]}
