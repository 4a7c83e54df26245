"""Search of the items in force, in memory: sets of items are integers, one bit an item.

A pair of neighbouring characters (a bigram) serves as a word, since Chinese has no spaces.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from unicodedata import normalize

from models.kinds import ItemKind, OnlineDepth

LEAST_SHARE = 4
"""A query that fits nothing is answered by what has at least a quarter of its bigrams."""

_FLAGS = bytes.maketrans(b"01", b"\x00\x01")


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """What a list of items shows of one; `search_text` is all that it is found by."""

    code: str
    name: str
    theme: str
    department_code: str
    department_name: str
    kind: ItemKind
    promised_days: int
    is_mailable: bool
    online_depth: OnlineDepth
    is_sample: bool
    search_text: str


@dataclass(frozen=True, slots=True)
class Found:
    """One part of what was found, best first; `next_offset` is None on the last."""

    entries: tuple[ItemEntry, ...]
    next_offset: int | None


class ItemIndex:
    """All items in force at one time; never changed, but replaced."""

    def __init__(self, entries: Iterable[ItemEntry] = ()) -> None:
        # Where two fit equally well, the shorter name says it more exactly.
        self._entries = tuple(sorted(entries, key=lambda entry: (len(entry.name), entry.code)))
        self._names = [fold(entry.name) for entry in self._entries]
        self._in_name = _post(self._names, _grams)
        self._in_text = _post([fold(entry.search_text) for entry in self._entries], _grams)
        self._in_theme = _post([entry.theme for entry in self._entries], _itself)
        self._of_code = _post([entry.code.casefold() for entry in self._entries], _itself)
        self._everything = (1 << len(self._entries)) - 1

    def __len__(self) -> int:
        return len(self._entries)

    def themes(self) -> list[tuple[str, int]]:
        """Return every theme and how many items it has, the largest first."""
        counted = [(theme, items.bit_count()) for theme, items in self._in_theme.items()]
        return sorted(counted, key=lambda pair: (-pair[1], pair[0]))

    def find(self, query: str, *, theme: str | None, offset: int, limit: int) -> Found:
        """Return `limit` items from the `offset`-th on that fit `query` (all, if it is blank).

        Best first: the code itself, names that begin with the query, names that hold it, texts
        (name, theme, department, result) that hold every bigram, names that hold every character
        (低保 stands for 最低生活保障). If there is none of these, texts that hold every character,
        or else those nearest to it.
        """
        allowed = self._everything if theme is None else self._in_theme.get(theme, 0)
        wanted = offset + limit + 1
        places: list[int] = []
        for tier in self._tiers(query, allowed):
            places += _bits_of(tier & allowed)
            allowed &= ~tier
            if len(places) >= wanted:
                break
        shown = tuple(self._entries[place] for place in places[offset : offset + limit])
        return Found(shown, offset + limit if len(places) >= wanted else None)

    def _tiers(self, query: str, allowed: int) -> Iterator[int]:
        if not query.strip():
            yield self._everything
            return
        words = [word for word in map(fold, query.split()) if word]
        whole = "".join(words)
        if not whole:
            return
        named = self._named(whole)
        tiers = (
            self._of_code.get(query.strip().casefold(), 0),
            self._where(named, lambda name: name.startswith(whole)),
            named,
            _intersect(self._in_text, [gram for word in words for gram in _bigrams(word)]),
            _intersect(self._in_name, whole),
        )
        yield from tiers
        if not any(tier & allowed for tier in tiers):
            spelt = _intersect(self._in_text, whole) & allowed
            yield spelt or self._nearest(_bigrams(whole), allowed)

    def _named(self, text: str) -> int:
        candidates = _intersect(self._in_name, _bigrams(text))
        return candidates if len(text) <= 2 else self._where(candidates, lambda it: text in it)  # noqa: PLR2004 - a bigram's length

    def _where(self, candidates: int, fits: Callable[[str], bool]) -> int:
        chosen = (place for place in _bits_of(candidates) if fits(self._names[place]))
        return _set_of(chosen, len(self._names))

    def _nearest(self, grams: Sequence[str], allowed: int) -> int:
        at_least = [allowed] + [0] * len(grams)
        for gram in grams:
            items = self._in_text.get(gram, 0)
            for count in range(len(grams), 0, -1):
                at_least[count] |= at_least[count - 1] & items
        enough = max(1, -(-len(grams) // LEAST_SHARE))
        return next((items for items in reversed(at_least[enough:]) if items), 0)


def fold(text: str) -> str:
    """Return the letters, digits and characters of `text`, full width and case made equal."""
    return "".join(filter(str.isalnum, normalize("NFKC", text).casefold()))


def _bigrams(text: str) -> list[str]:
    if len(text) == 1:
        return [text]
    return [text[place : place + 2] for place in range(len(text) - 1)]


def _grams(text: str) -> Collection[str]:
    return {*text, *_bigrams(text)}


def _itself(text: str) -> Collection[str]:
    return (text,)


def _post(texts: Sequence[str], parts_of: Callable[[str], Collection[str]]) -> dict[str, int]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        for part in parts_of(text):
            places[part].append(place)
    return {part: _set_of(found, len(texts)) for part, found in places.items()}


def _set_of(places: Iterable[int], size: int) -> int:
    flags = bytearray(size // 8 + 1)
    for place in places:
        flags[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(flags, "little")


def _bits_of(items: int) -> Iterator[int]:
    flags = f"{items:b}"[::-1].encode().translate(_FLAGS)
    return compress(range(len(flags)), flags)


def _intersect(postings: dict[str, int], grams: Iterable[str]) -> int:
    found = -1
    for gram in grams:
        found &= postings.get(gram, 0)
    return found
