"""What a search finds, and in which order."""

import random

import pytest

from server.catalog.search import ItemIndex, fold
from tests.server.catalog.items import make_entries, make_entry

ENTRIES = (
    make_entry("GL01", "居民身份证办理(换领)"),
    make_entry("GL02", "身份证明"),
    make_entry("GL03", "临时居民身份证申领"),
    make_entry("GL04", "结婚登记", theme="婚姻", department_name="鼓楼区民政局"),
    make_entry("GL05", "补领结婚证", theme="婚姻", department_name="鼓楼区民政局"),
    make_entry("GL06", "最低生活保障", theme="社会救助", department_name="鼓楼区民政局"),
    make_entry("GL07", "《预防接种证》补办", theme="医疗卫生", department_name="鼓楼区卫生健康局"),
    make_entry(
        "GL08", "食品经营许可(新办)", theme="经营准入", department_name="鼓楼区市场监督管理局"
    ),
)
INDEX = ItemIndex(ENTRIES)


def search(query, *, theme=None, offset=0, limit=20, index=INDEX):
    found = index.find(query, theme=theme, offset=offset, limit=limit)
    return [entry.code for entry in found.entries]


def test_a_code_finds_its_item_first_whatever_its_case():
    assert search("GL06") == ["GL06"]
    assert search(" gl06 ") == ["GL06"]


def test_names_that_begin_with_the_query_come_before_those_that_hold_it():
    assert search("身份证") == ["GL02", "GL03", "GL01"]
    assert search("居民身份证") == ["GL01", "GL03"]


def test_among_equals_the_shorter_name_comes_first():
    assert search("结婚") == ["GL04", "GL05"]


def test_theme_and_department_are_searched_after_names():
    assert search("民政局") == ["GL04", "GL05", "GL06"]
    assert search("婚姻") == ["GL04", "GL05"]


def test_words_may_stand_apart_and_in_any_order():
    assert search("换领 身份证") == ["GL01"]
    assert search("民政局 结婚") == ["GL04", "GL05"]


def test_an_abbreviation_finds_the_name_that_holds_its_characters():
    assert search("低保") == ["GL06"]


def test_the_characters_of_a_department_are_sought_only_if_nothing_else_fits():
    assert search("卫健局") == ["GL07"]
    assert search("市监") == ["GL08"]


def test_a_sentence_finds_what_is_nearest_to_it():
    assert search("身份证丢了怎么换领") == ["GL01"]


def test_all_the_bigrams_of_a_query_are_less_than_the_query_itself():
    index = ItemIndex([make_entry("A", "登记登"), make_entry("B", "补办登记登记")])
    assert search("登记登记", index=index) == ["B", "A"]


def test_what_has_too_little_in_common_is_not_found():
    assert search("天气预报明天下午会不会下雨啊") == []
    assert search("明天下午会不会下雨结婚") == []


def test_punctuation_width_and_case_do_not_matter():
    assert search("预防接种证补办") == ["GL07"]
    assert search("食品经营许可(新办)") == ["GL08"]
    assert fold("\uff21\uff22c《 \uff11 》") == "abc1"


def test_one_character_is_enough():
    assert search("婚") == ["GL04", "GL05"]


def test_nothing_but_punctuation_finds_nothing():
    assert search("《》()") == []


def test_a_blank_query_lists_everything():
    assert sorted(search("  ")) == [entry.code for entry in ENTRIES]


def test_a_theme_narrows_the_search():
    assert search("", theme="婚姻") == ["GL04", "GL05"]
    assert search("证", theme="婚姻") == ["GL05"]
    assert search("", theme="没有") == []


def test_the_nearest_is_sought_within_the_theme():
    index = ItemIndex(
        [
            make_entry("A", "户口登记", theme="甲"),
            make_entry("B", "婚姻登记", theme="乙"),
        ]
    )
    assert search("户口登记", theme="乙", index=index) == ["B"]
    assert search("户口的登记", theme="乙", index=index) == ["B"]
    assert search("户口", theme="乙", index=index) == []


def test_themes_are_counted_the_largest_first():
    assert INDEX.themes()[:3] == [("户政", 3), ("婚姻", 2), ("医疗卫生", 1)]


def test_an_empty_catalogue_finds_nothing():
    empty = ItemIndex()
    assert search("身份证", index=empty) == []
    assert search("", index=empty) == []
    assert empty.themes() == []


@pytest.mark.parametrize("query", ["", "登记", "身份证"])
def test_pages_hold_everything_once_in_the_same_order(query):
    index = ItemIndex(make_entries(500))
    whole = index.find(query, theme=None, offset=0, limit=500)
    paged, offset = [], 0
    while offset is not None:
        page = index.find(query, theme=None, offset=offset, limit=7)
        paged += page.entries
        offset = page.next_offset
    assert whole.next_offset is None
    assert tuple(paged) == whole.entries
    assert len(set(paged)) == len(paged) > 7


def test_10_000_items_are_found_as_a_plain_scan_finds_them():
    entries = make_entries(10_000)
    index = ItemIndex(entries)
    chance = random.Random(1)
    for entry in chance.sample(entries, 50):
        start = chance.randrange(len(entry.name) - 2)
        query = fold(entry.name)[start : start + chance.randrange(1, 8)]
        if not query:
            continue
        holding = {one.code for one in entries if query in fold(one.name)}
        found = search(query, limit=10_000, index=index)
        assert set(found[: len(holding)]) == holding


@pytest.mark.parametrize("count", [997, 10_000])
def test_every_part_of_a_name_finds_its_item(count):
    entries = make_entries(count)
    index = ItemIndex(entries)
    for entry in entries[:: count // 20]:
        assert search(entry.name, limit=1, index=index) == [entry.code]
