"""Addresses as people write them, and the full names of where they are."""

import csv

import pytest

from integrations.contracts.carrier import Party
from server.delivery.errors import AddressUnclear
from server.delivery.regions import TABLE, Region, parse_address, settle_region


def region_of(text):
    parsed = parse_address(text)
    return parsed.province, parsed.city, parsed.county, parsed.address


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("江苏省南京市玄武区某街2号", ("江苏省", "南京市", "玄武区", "某街2号")),
        ("福建 福州 鼓楼区 五四路1号", ("福建省", "福州市", "鼓楼区", "五四路1号")),
        ("福州市鼓楼区五四路1号", ("福建省", "福州市", "鼓楼区", "五四路1号")),
        ("北京市北京市海淀区中关村大街1号", ("北京市", "北京市", "海淀区", "中关村大街1号")),
        ("上海浦东新区世纪大道1号", ("上海市", "上海市", "浦东新区", "世纪大道1号")),
        ("重庆市市辖区渝中区某路1号", ("重庆市", "重庆市", "渝中区", "某路1号")),
        ("重庆市县垫江县某镇1号", ("重庆市", "重庆市", "垫江县", "某镇1号")),
        ("吉林省吉林市昌邑区某路3号", ("吉林省", "吉林市", "昌邑区", "某路3号")),
        ("吉林市昌邑区某路3号", ("吉林省", "吉林市", "昌邑区", "某路3号")),
        ("广西南宁市青秀区某道1号", ("广西壮族自治区", "南宁市", "青秀区", "某道1号")),
        ("内蒙古呼和浩特新城区某街1号", ("内蒙古自治区", "呼和浩特市", "新城区", "某街1号")),
        ("延边州延吉市某街8号", ("吉林省", "延边朝鲜族自治州", "延吉市", "某街8号")),
        ("海南省海口市龙华区某路1号", ("海南省", "海口市", "龙华区", "某路1号")),
        ("海南藏族自治州共和县某街1号", ("青海省", "海南藏族自治州", "共和县", "某街1号")),
        ("东莞市长安镇某路1号", ("广东省", "东莞市", "长安镇", "某路1号")),
        ("河南省济源市某路8号", ("河南省", "济源市", "济源市", "某路8号")),
        ("临平区某路1号", ("浙江省", "杭州市", "临平区", "某路1号")),
        ("朝阳区某路1号", ("", "", "朝阳区", "某路1号")),
        ("某路88号", ("", "", "", "某路88号")),
    ],
)
def test_a_region_is_found_however_it_is_written(text, region):
    assert region_of(text) == region


@pytest.mark.parametrize(
    "text",
    [
        "张三 13900000001 江苏省南京市玄武区某街2号院3栋",
        "江苏省南京市玄武区某街2号院3栋,张三,139 0000 0001",
        "收件人: 张三, 手机: +86 139-0000-0001, 所在地区: 江苏省南京市玄武区, 地址: 某街2号院3栋",
    ],
)
def test_name_phone_and_street_are_told_apart(text):
    party = Party("张三", "13900000001", "江苏省", "南京市", "玄武区", "某街2号院3栋")
    assert parse_address(text).to_party() == party


def test_a_longer_number_is_no_phone():
    assert parse_address("张三 350102190001010010 福州市鼓楼区某路1号").phone == ""


def test_what_is_missing_is_named_and_makes_no_receiver():
    parsed = parse_address("南京 13900000001")
    assert parsed.missing == ("name", "county", "address")
    with pytest.raises(AddressUnclear):
        parsed.to_party()
    assert "13900000001" not in repr(parsed)


def test_every_shipped_region_is_found_again():
    with TABLE.open(encoding="utf-8", newline="") as file:
        regions = [Region(*row) for row in list(csv.reader(file))[1:]]
    assert len(regions) > 3000
    assert [one for one in regions if region_of("".join(one) + "某路1号")[:3] != one] == []
    assert [one for one in regions if settle_region(*one) != one] == []


@pytest.mark.parametrize(
    ("said", "region"),
    [
        (("福建", "福州", "鼓楼"), ("福建省", "福州市", "鼓楼区")),
        (("上海市", "市辖区", "徐汇区"), ("上海市", "上海市", "徐汇区")),
        (("江苏省", "南京市", "新设区"), ("江苏省", "南京市", "新设区")),
        (("福建省", "南京市", "鼓楼区"), None),
        (("火星省", "南京市", "鼓楼区"), None),
        (("上海市", "市辖区", "鼓楼区"), None),
    ],
)
def test_a_region_gets_its_full_names_or_is_none(said, region):
    assert settle_region(*said) == region
