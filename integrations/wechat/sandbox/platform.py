"""What the platform remembers: codes, tokens, sessions, acceptances and messages."""

from base64 import b64encode, urlsafe_b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes, token_urlsafe

from integrations.contracts.clock import Clock
from integrations.wechat.sandbox.refusal import Refusal

CODE_LIFE = timedelta(minutes=5)
TOKEN_LIFE = timedelta(seconds=7200)
TOKEN_OVERLAP = timedelta(minutes=5)
FORCED_GAP = timedelta(seconds=30)
FORCED_PER_DAY = 20
MESSAGES_KEPT = 50_000


@dataclass(slots=True)
class _Code:
    worth: str
    expires_at: datetime
    is_used: bool = False


class OneTimeCodes:
    """Codes that are good once and for five minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, _Code] = {}

    def mint(self, worth: str) -> str:
        """Return a new code that stands for `worth`."""
        self._forget_expired()
        code = token_urlsafe(24)
        self._codes[code] = _Code(worth, self._clock.now() + CODE_LIFE)
        return code

    def redeem(self, code: str) -> str:
        """Return what the code stands for and spend it."""
        found = self._codes.get(code)
        if found is None or found.expires_at <= self._clock.now():
            raise Refusal(40029)
        if found.is_used:
            raise Refusal(40163)
        found.is_used = True
        return found.worth

    def _forget_expired(self) -> None:
        now = self._clock.now()
        while self._codes:
            oldest = next(iter(self._codes))
            if self._codes[oldest].expires_at > now:
                return
            del self._codes[oldest]


class StableTokens:
    """The tokens of `stable_token`: the current one, and its predecessor for five minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._good_until: dict[str, datetime] = {}
        self._current = ""
        self._forced_at: deque[datetime] = deque(maxlen=FORCED_PER_DAY)

    def issue(self, *, force: bool) -> tuple[str, int]:
        """Return a token and the seconds that it is good for."""
        now = self._clock.now()
        if force:
            self._check_forced(now)
        ends_at = self._good_until.get(self._current, now)
        if force or ends_at - now <= TOKEN_OVERLAP:
            ends_at = self._replace(now)
        return self._current, int((ends_at - now).total_seconds())

    def check(self, token: str | None) -> None:
        """Refuse a token that is missing, unknown or expired."""
        if not token:
            raise Refusal(41001)
        ends_at = self._good_until.get(token)
        if ends_at is None:
            raise Refusal(40001)
        if ends_at <= self._clock.now():
            raise Refusal(42001)

    def revoke(self) -> None:
        """Let every token be dead."""
        self._good_until.clear()

    def _replace(self, now: datetime) -> datetime:
        previous = self._good_until.get(self._current)
        kept = {self._current: min(previous, now + TOKEN_OVERLAP)} if previous else {}
        self._current = token_urlsafe(96)
        self._good_until = {**kept, self._current: now + TOKEN_LIFE}
        return now + TOKEN_LIFE

    def _check_forced(self, now: datetime) -> None:
        forced = self._forced_at
        is_too_soon = bool(forced) and now - forced[-1] < FORCED_GAP
        is_day_full = len(forced) == FORCED_PER_DAY and now - forced[0] < timedelta(days=1)
        if is_too_soon or is_day_full:
            raise Refusal(45009)
        forced.append(now)


class Platform:
    """One mini-program and the people who use it."""

    def __init__(self, *, appid: str, secret: str, clock: Clock) -> None:
        self.appid = appid
        self.secret = secret
        self.clock = clock
        self.login_codes = OneTimeCodes(clock)
        self.phone_codes = OneTimeCodes(clock)
        self.tokens = StableTokens(clock)
        self.messages: deque[dict[str, object]] = deque(maxlen=MESSAGES_KEPT)
        self._openids: set[str] = set()
        self._session_keys: dict[str, str] = {}
        self._acceptances: dict[tuple[str, str], int] = {}

    def enrol(self, person: str) -> str:
        """Return the openid of a test user, the same each time."""
        digest = sha256(f"{self.appid}/{person}".encode()).digest()
        openid = "o" + urlsafe_b64encode(digest)[:27].decode()
        self._openids.add(openid)
        return openid

    def check_openid(self, openid: object) -> str:
        """Return an openid of this mini-program."""
        if not isinstance(openid, str) or openid not in self._openids:
            raise Refusal(40003)
        return openid

    def open_session(self, openid: str) -> str:
        """Return a new session key, which replaces the person's former one."""
        key = b64encode(token_bytes(16)).decode()
        self._session_keys[openid] = key
        return key

    def session_key(self, openid: str) -> str:
        """Return the session key of a person who has logged in."""
        if openid not in self._session_keys:
            raise Refusal(87009)
        return self._session_keys[openid]

    def limit_acceptances(self, openid: str, template_id: str, count: int) -> None:
        """Let a person have accepted a template `count` times; without this, always."""
        self._acceptances[openid, template_id] = count

    def spend_acceptance(self, openid: str, template_id: str) -> None:
        """Use up one acceptance."""
        left = self._acceptances.get((openid, template_id))
        if left == 0:
            raise Refusal(43101)
        if left is not None:
            self._acceptances[openid, template_id] = left - 1

    def deliver(self, message: Mapping[str, object]) -> None:
        """Keep a message that was sent."""
        self.messages.append({**message, "sent_at": self.clock.now().isoformat()})
