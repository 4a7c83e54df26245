"""The catalogue of texts for people: `config/messages/*.toml`, one file a capability."""

import tomllib
from functools import cache

from config.settings import DATA_FOLDER

MESSAGES_FOLDER = DATA_FOLDER.parent / "messages"


@cache
def _catalogue() -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in sorted(MESSAGES_FOLDER.glob("*.toml")):
        texts.update(tomllib.loads(file.read_text(encoding="utf-8")))
    return texts


def text(code: str, **data: object) -> str:
    """Return the Chinese text of `code`, `data` filled in; raise `KeyError` if there is none."""
    return _catalogue()[code].format(**data)


def has_text(code: str) -> bool:
    """Tell whether the catalogue speaks of `code`."""
    return code in _catalogue()
