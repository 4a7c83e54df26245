"""Made-up items in any number, for search and import."""

import itertools

from models.kinds import ItemKind, OnlineDepth
from server.catalog.search import ItemEntry

ACTIONS = (
    "办理",
    "变更登记",
    "注销登记",
    "设立登记",
    "换领",
    "补领",
    "挂失补办",
    "资格认定",
    "补贴申领",
    "备案",
    "审批",
    "延续",
    "查询",
    "年检",
    "转移接续申请",
    "待遇核定",
    "信息变更",
    "证明开具",
    "登记预约",
    "报销",
)
SUBJECTS = (
    "居民身份证",
    "社会保障卡",
    "残疾人证",
    "个体工商户",
    "有限责任公司",
    "食品经营许可",
    "公共场所卫生许可",
    "城乡居民养老保险",
    "失业保险金",
    "老年人优待证",
    "公共租赁住房",
    "教师资格",
    "劳务派遣经营许可",
    "最低生活保障",
    "临时救助",
    "养老机构",
    "烟草专卖零售许可证",
    "娱乐场所",
    "排水管网许可",
    "居住证",
)
KINDS = ("首次", "新办", "二类", "跨省", "简易", "网上", "集中", "特殊情形", "单位", "个人")
PLACES = (
    "本市",
    "外省",
    "港澳",
    "台胞",
    "外籍",
    "军属",
    "学生",
    "企业",
    "社区",
    "街道",
    "园区",
    "夜间",
    "大厅",
)
THEMES = ("户政", "社会保障", "残疾人", "企业开办", "经营准入", "住房保障", "教育", "养老")
DEPARTMENTS = ("鼓楼区民政局", "鼓楼区人力资源和社会保障局", "鼓楼区市场监督管理局", "鼓楼区教育局")


def make_names(count):
    """The first `count` of 52,000 different names."""
    parts = itertools.product(PLACES, KINDS, ACTIONS, SUBJECTS)
    names = (f"{subject}{action}({kind}、{place})" for place, kind, action, subject in parts)
    return list(itertools.islice(names, count))


def make_entry(code, name, **changes):
    """An entry of the index; found by its name and whatever else it says."""
    content = {
        "theme": "户政",
        "department_code": "350102-GA",
        "department_name": "福州市公安局鼓楼分局",
        "kind": ItemKind.INSTANT,
        "promised_days": 1,
        "is_mailable": True,
        "online_depth": OnlineDepth.FULL,
        "is_sample": True,
        **changes,
    }
    text = f"{name} {content['theme']} {content['department_name']}"
    return ItemEntry(code=code, name=name, search_text=text, **content)


def make_entries(count):
    """Many entries over all themes and departments."""
    return [
        make_entry(
            f"T{number:05d}",
            name,
            theme=THEMES[number % len(THEMES)],
            department_name=DEPARTMENTS[number % len(DEPARTMENTS)],
        )
        for number, name in enumerate(make_names(count))
    ]
