"""The post's code dictionaries in our words (operation, delivery and non-delivery codes)."""

from collections.abc import Iterable

from integrations.contracts.carrier import LabelSize, Reach, TrackStep

ACCEPTED = "00000"

CREATE_ORDER = "020003"
CANCEL_ORDER = "020006"
DRAW_LABEL = "010004"
CHECK_REACH = "030005"
TRACK = "040001"
PUSH_TRACK = "040002"

DUPLICATE_WORDS = ("重复", "已存在")
"""How an answer says that it knows the order number; the codes are not public."""

TRANSIENT_WORDS = ("繁忙", "系统异常", "系统错误", "超时", "稍后")
"""How an answer says that the platform, not the order, is at fault."""

SUCCESS_WORDS = ("", "成功", "success", "ok")
"""What `retMsg` says, in small letters, when an empty list of events just means none yet."""

LABEL_TYPES = {LabelSize.MM_76_129: "129", LabelSize.MM_100_179: "179"}

REACHES = {"0": Reach.REACHED, "1": Reach.OUT_OF_RANGE, "9": Reach.TOO_COARSE}
"""The other answers (no result, product, schedule) do not tell whether the post goes there."""


def _same(step: TrackStep, codes: Iterable[object]) -> dict[str, TrackStep]:
    return {str(code): step for code in codes}


STEPS: dict[str, TrackStep] = {
    **_same(TrackStep.COLLECTED, ["203", "O_001"]),
    **_same(TrackStep.IN_TRANSIT, range(356, 395)),
    **_same(TrackStep.IN_TRANSIT, ["303", "305", "336", "345", "396", "399", "404", "457"]),
    **_same(TrackStep.IN_TRANSIT, ["505", "516", "713", "893", "911", "912", "913", "916"]),
    **_same(TrackStep.IN_TRANSIT, ["931", "932", "937", "950", "954", "991"]),
    **_same(TrackStep.OUT_FOR_DELIVERY, ["702", "749", "O_014"]),
    **_same(TrackStep.WAITING_AT_POINT, ["747", "O_017"]),
    **_same(TrackStep.ATTEMPT_FAILED, ["705", "723", "O_013"]),
    **_same(TrackStep.DELIVERED, ["704", "748", "O_010", "O_016"]),
    **_same(TrackStep.RETURNING, ["312", "326", "405", "447", "482", "708", "741", "750"]),
    # "Delivered" here means handed back to the sender.
    **_same(TrackStep.RETURNED, ["711", "O_011"]),
    **_same(TrackStep.INTERCEPTED, ["013", "651", "993"]),
    **_same(TrackStep.LOST, ["987", "988"]),
    **_same(TrackStep.CANCELLED, ["801"]),
}

REVOKED_BY: dict[str, frozenset[str]] = {
    "207": frozenset({"203"}),
    "304": frozenset({"303", "336", "345"}),
    "448": frozenset({"447"}),
    "472": frozenset({"404"}),
    "474": frozenset({"405"}),
    "483": frozenset({"482"}),
    "742": frozenset({"702"}),
    "743": frozenset({"704"}),
    "744": frozenset({"705"}),
}

STATELESS = frozenset({"756", "802", "803"})
"""Changes of address: known, but they say nothing of where the parcel is."""

DELIVERED_HOW = {
    "10": "本人签收",
    "20": "他人代收",
    "30": "自提点签收",
    "50": "包裹柜签收",
    "60": "收发室签收",
    "70": "物业签收",
    "80": "刊邮站签收",
    "90": "协议信箱签收",
    "100": "其他方式签收",
    "120": "仓储中心签收",
    "150": "信报箱签收",
    "160": "村委会签收",
    "161": "家门口签收",
    "162": "办公室签收",
    "163": "水表箱签收",
    "164": "电表箱签收",
    "165": "消防栓签收",
    "166": "门把手签收",
    "167": "牛奶箱签收",
    "168": "鞋架签收",
    "169": "无人代收签收",
    "180": "理赔签收",
    "181": "巡视信箱签收",
}

FAILED_WHY = {
    "1": "地址有误或不详，待再投",
    "2": "地址有误或不详，无法联系",
    "3": "查无此人或单位",
    "4": "收件人不在且无法联系",
    "5": "收件人迁移，新址不明",
    "6": "收件人要求延迟投递",
    "7": "收件人拒收",
    "8": "收件人要求自取",
    "9": "转营业窗口投交",
    "10": "寄件人撤回",
    "11": "收件人改址",
    "12": "寄件人改址",
    "13": "邮件丢失",
    "14": "待收费后投递",
    "15": "等待退回",
    "16": "其他原因",
}

SIGNED_BY_CLAIM = "180"
FAILED_AS_LOST = "13"


def find_step(code: str, *, delivered_how: str = "", failed_why: str = "") -> TrackStep | None:
    """Return what an event says of the parcel; None if nothing, or if the code is unknown.

    A parcel "signed for" by the settlement of a claim, or not delivered since it is lost, is lost.
    """
    step = STEPS.get(code)
    if step is TrackStep.DELIVERED and delivered_how == SIGNED_BY_CLAIM:
        return TrackStep.LOST
    if step is TrackStep.ATTEMPT_FAILED and failed_why == FAILED_AS_LOST:
        return TrackStep.LOST
    return step


def is_known(code: str) -> bool:
    """Whether the dictionaries above say what an operation code means."""
    return code in STEPS or code in REVOKED_BY or code in STATELESS


def find_reason(step: TrackStep | None, *, delivered_how: str, failed_why: str) -> str:
    """Return how a parcel was signed for or why it was not, in Chinese; empty if not told."""
    if step in {TrackStep.ATTEMPT_FAILED, TrackStep.LOST} and failed_why:
        return FAILED_WHY.get(failed_why, FAILED_WHY["16"])
    if step in {TrackStep.DELIVERED, TrackStep.LOST} and delivered_how:
        return DELIVERED_HOW.get(delivered_how, DELIVERED_HOW["100"])
    return ""
