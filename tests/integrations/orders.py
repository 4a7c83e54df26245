"""The parcel that the tests of every carrier are about."""

from datetime import timedelta

from integrations.contracts.carrier import DispatchOrder, Party
from tests.support.clock import NOON

SENDER = Party("政务服务中心", "0591-83333333", "福建省", "福州市", "鼓楼区", "某路1号")
RECEIVER = Party("张三丰", "13900000001", "江苏省", "南京市", "玄武区", "某街2号院3栋")


def make_order(order_no: str = "GL20250303000017", **changes) -> DispatchOrder:
    """An order for a parcel that is packed at noon and fetched in the afternoon."""
    arguments = {
        "order_no": order_no,
        "sender": SENDER,
        "receiver": RECEIVER,
        "contents": "审批结果文书",
        "weight_g": 100,
        "created_at": NOON,
        "pickup_from": NOON + timedelta(hours=2),
        "pickup_until": NOON + timedelta(hours=5),
        "privacy_number": True,
    }
    return DispatchOrder(**(arguments | changes))
