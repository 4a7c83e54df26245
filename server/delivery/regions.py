"""Where an address is: province, city and county in their full names, found in what people write.

The table is config/data/regions.csv; `make regions` renews it.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from config.settings import DATA_FOLDER
from integrations.contracts.carrier import Party
from server.delivery.errors import AddressUnclear

TABLE = DATA_FOLDER / "regions.csv"

LEVELS = ("province", "city", "county")
SUFFIXES = ("特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", *"省市区县盟旗")
PEOPLES = re.compile(
    r"(壮族|回族|维吾尔|维吾尔族|蒙古|蒙古族|藏族|彝族|苗族|土家族|布依族|侗族|朝鲜族|哈尼族|傣族|白族"
    r"|景颇族|傈僳族|哈萨克|哈萨克族|柯尔克孜|柯尔克孜族|羌族|瑶族|黎族|满族|畲族|仡佬族|水族|土族|撒拉族"
    r"|保安族|东乡族|裕固族|锡伯|塔吉克|仫佬族|毛南族|纳西族|拉祜族|佤族|布朗族|独龙族|怒族|普米族)+$"
)
SHORTEST_ALIAS = 2
FILLERS = ("市辖区", "省直辖县级行政区划", "自治区直辖县级行政区划", "县")
"""Written where a level has no place of its own."""
AUTONOMOUS = {
    "内蒙古自治区": "内蒙古",
    "广西壮族自治区": "广西",
    "宁夏回族自治区": "宁夏",
    "新疆维吾尔自治区": "新疆",
    "西藏自治区": "西藏",
}

_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)", re.ASCII)
_GAPS = re.compile(r"[\s,,、;;:：|/]+")
_LABELS = re.compile(
    r"(收件人|收货人|姓名|联系人|手机号码|手机号|手机|联系电话|电话|号码|详细地址|收货地址|收件地址|所在地区|地址)[\s::]*"
)
_NAME = re.compile(r"[一-鿿·]{2,8}")
_STREET = re.compile(r"[省市区县旗镇乡村街道路巷弄号楼栋幢室院里苑园]|\d")


class Region(NamedTuple):
    """A county with the city and the province it belongs to, in full names."""

    province: str
    city: str
    county: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was found in a text; what was not is empty."""

    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    province: str = ""
    city: str = ""
    county: str = ""
    address: str = field(default="", repr=False)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of what was not found."""
        return tuple(name for name in self.__slots__ if not getattr(self, name))

    def to_party(self) -> Party:
        """Return it as the carrier takes it; raises `AddressUnclear` while anything is missing."""
        if self.missing:
            raise AddressUnclear(missing=", ".join(self.missing))
        return Party(**{name: getattr(self, name) for name in self.__slots__})


def parse_address(text: str) -> Parsed:
    """Return receiver, region and street as written in one text, in any order people use."""
    rest = _LABELS.sub(" ", text)
    phone = _PHONE.search(rest)
    if phone:
        rest = rest[: phone.start()] + " " + rest[phone.end() :]
    words = [word for word in _GAPS.split(rest) if word]
    name = next((word for word in (words[:1] + words[-1:]) if _is_name(word)), "")
    if name:
        words.remove(name)
    found = Parsed(name=name, phone="".join(phone.groups()) if phone else "")
    return _place("".join(words), found)


def settle_region(province: str, city: str, county: str) -> Region | None:
    """Return a region in full names; None if the city is unknown or not in the province.

    A county that the table does not know is left as it was given: new ones are founded each year.
    """
    there = _choose(_table(), "province", province)
    regions = there if city in FILLERS else _choose(there, "city", city)
    if not regions:
        return None
    known = _choose(regions, "county", county)
    if len(known) == 1:
        return known[0]
    return None if city in FILLERS else regions[0]._replace(county=county)


def _choose(regions: Iterable[Region], level: str, said: str) -> list[Region]:
    return [one for one in regions if said in aliases_of(getattr(one, level))]


def _is_name(word: str) -> bool:
    return bool(_NAME.fullmatch(word)) and not _STREET.search(word) and not _starts_a_place(word)


def _starts_a_place(word: str) -> bool:
    return any(_find_alias(word, "", "", level) for level in LEVELS[:2])


def _place(text: str, found: Parsed) -> Parsed:
    for level in LEVELS:
        text = _skip(text, FILLERS)
        alias = _find_alias(text, found.province, found.city, level)
        if alias:
            found = replace(found, **_agreed(_aliases(found.province, found.city, level)[alias]))
            text = text[len(alias) :]
    return replace(found, address=_skip(text, (found.province, found.city, found.county)))


def _skip(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = text.removeprefix(word)
    return text


def _agreed(regions: Iterable[Region]) -> dict[str, str]:
    """Return what all of these regions have in common."""
    values = {level: {getattr(one, level) for one in regions} for level in LEVELS}
    return {level: found.pop() for level, found in values.items() if len(found) == 1}


def _find_alias(text: str, province: str, city: str, level: str) -> str:
    """Return how the text begins with a place of this level; empty if it does not.

    A short name gives way to a longer one of a level below: 海南 to 海南藏族自治州.
    """
    alias = _longest_alias(text, _aliases(province, city, level))
    below = LEVELS[LEVELS.index(level) + 1 :]
    longer = (_longest_alias(text, _aliases(province, city, one)) for one in below)
    return "" if any(len(one) > len(alias) for one in longer) else alias


def _longest_alias(text: str, known: dict[str, list[Region]]) -> str:
    longest = min(len(text), _longest(known))
    for length in range(longest, SHORTEST_ALIAS - 1, -1):
        alias = text[:length]
        if alias in known and not _goes_on(alias, text):
            return alias
    return ""


def _goes_on(alias: str, text: str) -> bool:
    """A short name that a suffix follows is another place's: 吉林 in 吉林市."""
    return not alias.endswith(SUFFIXES) and text[len(alias) :].startswith((*SUFFIXES, "州"))


def _longest(known: dict[str, list[Region]]) -> int:
    return max(map(len, known), default=0)


@cache
def aliases_of(name: str) -> frozenset[str]:
    """Return how people write a place's name: whole, or without what kind of place it is."""
    aliases = {name}
    suffix = next((one for one in SUFFIXES if name.endswith(one)), "")
    short = name.removesuffix(suffix)
    if suffix.startswith("自治"):
        short = AUTONOMOUS.get(name) or PEOPLES.sub("", short)
    if len(short) >= SHORTEST_ALIAS:
        aliases |= {short} | ({f"{short}州"} if suffix == "自治州" else set())
    return frozenset(aliases)


@cache
def _aliases(province: str, city: str, level: str) -> dict[str, list[Region]]:
    known: dict[str, list[Region]] = {}
    for region in _within(province, city):
        for alias in aliases_of(getattr(region, level)):
            known.setdefault(alias, []).append(region)
    return known


@cache
def _within(province: str, city: str) -> tuple[Region, ...]:
    return tuple(
        one for one in _table() if province in {"", one.province} and city in {"", one.city}
    )


@cache
def _table() -> tuple[Region, ...]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(Region(*row) for row in list(csv.reader(file))[1:])
