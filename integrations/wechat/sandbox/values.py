"""Which values a subscribe message may have; written apart from the adapter that cuts them."""

import re
from collections.abc import Mapping

from integrations.wechat.sandbox.refusal import Refusal

DAY = r"\d{4}年\d{1,2}月\d{1,2}日"
TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
MOMENT = rf"(?:{DAY} ?)?{TIME}"
DATE = rf"{DAY}(?: ?{TIME})?"
HAN = "[\u3400-\u4dbf\u4e00-\u9fff]"

PATTERNS = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "thing": r"[^\x00-\x1f\x7f\u2028\u2029]{1,20}",
        "number": r"\d{1,32}(?:\.\d{1,10})?",
        "letter": r"[A-Za-z]{1,32}",
        "symbol": r"[!-/:-@\[-`{-~]{1,5}",
        "character_string": r"[!-~]{1,32}",
        "time": rf"{MOMENT}(?:~{MOMENT})?",
        "date": rf"{DATE}(?:~{DATE})?",
        "amount": r"[$¥￥€£]?\d{1,10}(?:\.\d{1,2})?元?",
        "phone_number": r"[0-9+\-*#() ]{1,17}",
        "car_number": rf"(?:{HAN}|[A-Za-z0-9])[A-Za-z0-9]{{0,6}}(?:{HAN}|[A-Za-z0-9])?",
        "name": r"[^\d\x00-\x1f]{1,10}|[!-/:-~ ]{1,20}",
        "phrase": rf"{HAN}{{1,5}}",
        "enum": r".+",
    }.items()
}


def check_values(data: object) -> None:
    """Refuse with 47003, naming the first field that is not as its kind demands."""
    if not isinstance(data, Mapping) or not data:
        raise Refusal(47003, "data is empty")
    for key, entry in data.items():
        value = entry.get("value") if isinstance(entry, Mapping) else None
        if not value:
            raise Refusal(47003, f"data.{key}.value is emtpy")
        if not _is_fit(str(key), str(value)):
            raise Refusal(47003, f"data.{key}.value invalid")


def _is_fit(key: str, value: str) -> bool:
    pattern = PATTERNS.get(key.rstrip("0123456789"))
    return pattern is not None and pattern.fullmatch(value) is not None
