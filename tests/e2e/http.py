"""A person's hands on the API: plain HTTP, the right headers, a clear word when it goes wrong."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

PATIENCE_S = 30.0
PAUSE_S = 0.1


class StepFailed(Exception):
    """A step of the main job did not do what it should."""


class Hands:
    """Calls the API at `base` for one person; `token` once logged in."""

    def __init__(self, base: str) -> None:
        self._http = httpx.Client(base_url=base, timeout=20.0, trust_env=False)
        self.token = ""

    def get(self, path: str, **query: Any) -> Any:
        return self._send("GET", path, params=query)

    def download(self, path: str) -> bytes:
        return self._answer("GET", path).content

    def post(self, path: str, body: Any = None) -> Any:
        return self._send("POST", path, json=body if body is not None else {})

    def put(self, path: str, body: Any) -> Any:
        return self._send("PUT", path, json=body)

    def upload(self, path: str, content: bytes) -> Any:
        return self._send("PUT", path, files={"file": ("scan.png", content, "image/png")})

    def try_post(self, path: str, body: Any) -> httpx.Response:
        return self._request("POST", path, json=body)

    def wait_for(self, path: str, done: Callable[[Any], bool]) -> Any:
        """Read `path` until `done` says so of its answer."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            answer = self.get(path)
            if done(answer):
                return answer
            time.sleep(PAUSE_S)
        raise StepFailed(f"{path} did not come so far in {PATIENCE_S:.0f} s")

    def _send(self, method: str, path: str, **parts: Any) -> Any:
        answer = self._answer(method, path, **parts)
        return answer.json() if answer.content else None

    def _answer(self, method: str, path: str, **parts: Any) -> httpx.Response:
        answer = self._request(method, path, **parts)
        if answer.is_error:
            raise StepFailed(f"{method} {path}: {answer.status_code} {_problem(answer)}")
        return answer

    def _request(self, method: str, path: str, **parts: Any) -> httpx.Response:
        headers = {"idempotency-key": uuid4().hex} if method == "POST" else {}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        try:
            return self._http.request(method, path, headers=headers, **parts)
        except httpx.HTTPError as error:
            raise StepFailed(f"{method} {path}: no answer ({type(error).__name__})") from None


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except json.JSONDecodeError:
        return answer.text[:200]
    return f"{problem.get('code')} {problem.get('detail')} {problem.get('data', '')}"
