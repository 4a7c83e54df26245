"""Checks of identity numbers, phones and logins; values in, decisions out."""

import re
from datetime import date, datetime, timedelta

ID_NUMBER = re.compile(
    r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]"
)
MOBILE = re.compile(r"1[3-9]\d{9}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"

MOST_RELATIVES = 6
"""A family: for more, a window books."""

MOST_FAILED_LOGINS = 5
LOCKED_FOR = timedelta(minutes=15)
TOTP_STEP_S = 30


def is_id_number(number: str) -> bool:
    """Tell whether `number` has the form, a real birth date and the check digit of GB 11643."""
    if not ID_NUMBER.fullmatch(number) or not _is_date(number[6:14]):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return _CHECK_DIGITS[total % 11] == number[17]


def complete_id_number(first_17: str) -> str:
    """Return the identity number that begins with these 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return first_17 + _CHECK_DIGITS[total % 11]


def born_on(number: str) -> date:
    """Return the birth date that an identity number holds."""
    return date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")


def has_turned(age: int, birthday: date, *, today: date) -> bool:
    """Tell whether somebody has completed so many years."""
    had_birthday = (today.month, today.day) >= (birthday.month, birthday.day)
    return today.year - birthday.year - (not had_birthday) >= age


def is_mobile(number: str) -> bool:
    """Tell whether `number` is a mainland mobile number."""
    return MOBILE.fullmatch(number) is not None


def is_locked(locked_until: datetime | None, *, now: datetime) -> bool:
    """Tell whether logins are refused for now whatever the password."""
    return locked_until is not None and now < locked_until


def _is_date(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%Y%m%d")  # noqa: DTZ007 - a birth date has no time zone
    except ValueError:
        return False
    return True
