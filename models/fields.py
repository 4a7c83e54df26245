"""Column types of our own: ids, personal data that is encrypted, digests that find it."""

from datetime import time
from typing import Any

import uuid_utils
from tortoise import Model, fields

from integrations.contracts.cipher import Cipher

ID_LENGTH = 32
DIGEST_LENGTH = 64


def new_id() -> str:
    """Return an opaque id of 32 hex digits that sorts by the time it was made."""
    return uuid_utils.uuid7().hex


class _Keyring:
    """The cipher in force, injected once by the composition root."""

    cipher: Cipher


def use_cipher(cipher: Cipher) -> None:
    """Let every protected column of this process use `cipher`."""
    _Keyring.cipher = cipher


def digest_of(plain: str) -> str:
    """Return the keyed digest that a protected value is found by."""
    return _Keyring.cipher.digest(plain)


def seal(plain: str) -> str:
    """Return what a protected column stores for `plain`."""
    return _Keyring.cipher.encrypt(plain)


class IdField(fields.CharField[str]):
    """The opaque id that a row is known by, made here unless given."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("primary_key", True)
        kwargs.setdefault("default", new_id)
        kwargs.setdefault("max_length", ID_LENGTH)
        super().__init__(**kwargs)


class RefField(fields.CharField[str]):
    """The id of a row of another aggregate."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", ID_LENGTH)
        super().__init__(**kwargs)


class ProtectedField(fields.TextField):
    """Personal data: plain text in Python, sealed text in the column."""

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> str | None:
        """Seal the text on its way into the table."""
        del instance
        return None if value is None else seal(value)

    def to_python_value(self, value: Any) -> str | None:
        """Open sealed text; text that was never sealed passes as it is."""
        if value is None or not value.startswith(SEAL):
            return value  # type: ignore[no-any-return]
        return _Keyring.cipher.decrypt(value)


SEAL = "v1."
"""What every sealed text begins with."""


class DigestField(fields.CharField[str]):
    """64 hex digits of a keyed digest."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", DIGEST_LENGTH)
        super().__init__(**kwargs)


class TimeOfDayField(fields.Field[time]):
    """A time of day in the halls, kept as `09:00`: SQLite has no type for it."""

    field_type = time
    SQL_TYPE = "CHAR(5)"

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> str:
        """Write hours and minutes."""
        del instance
        return value if isinstance(value, str) else value.strftime("%H:%M")

    def to_python_value(self, value: Any) -> Any:
        """Read hours and minutes."""
        return time.fromisoformat(value) if isinstance(value, str) else value
