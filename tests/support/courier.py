"""Sealed parcels and couriers who scan them over HTTP: for proofs and measurements."""

from datetime import datetime, timedelta
from uuid import uuid4

from integrations.contracts.carrier import Party
from models.delivery import Parcel
from models.fields import digest_of
from models.kinds import ParcelPurpose, SessionKind
from models.people import Session
from models.staff import CourierAccount
from models.states import ParcelState
from server.delivery.codes import FreshCode
from server.delivery.service import pack_parcel, seal_parcel
from server.kit.access import Actor, Role
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from tests.support.load import build_request

POINT = "350102001000"
RECEIVER = Party("演示群众", "13900000001", "江苏省", "南京市", "玄武区", "某街2号院3栋")
CLERK = Actor(Role.CLERK, id="clerk", point_code=POINT)
AT_ONCE = 10

Sealed = tuple[Parcel, FreshCode]


async def log_in_courier(ports: Ports, login: str) -> str:
    """Make a courier of the one point and return the token of a session."""
    token, now = uuid4().hex, ports.now()
    courier = await CourierAccount.create(
        login=login,
        display_name=login,
        carrier="ems",
        point_codes=[POINT],
        password_hash="",
        created_at=now,
    )
    await Session.create(
        token_digest=digest_of(token),
        kind=SessionKind.COURIER,
        subject_id=courier.id,
        created_at=now,
        expires_at=now + timedelta(hours=12),
    )
    return token


async def seal_parcels(count: int, ports: Ports) -> list[Sealed]:
    """Make sealed parcels with waybill numbers that no post knows."""

    async def seal_some(how_many: int) -> list[Sealed]:
        return [await _seal_one(ports) for _ in range(how_many)]

    sealed: list[Sealed] = []
    while len(sealed) < count:
        size = min(AT_ONCE, count - len(sealed))
        sealed += await in_transaction(lambda size=size: seal_some(size))
    return sealed


async def _seal_one(ports: Ports) -> Sealed:
    now = ports.now()
    parcel = await pack_parcel(
        purpose=ParcelPurpose.ORIGINAL_CHECK,
        point_code=POINT,
        contents="核验原件",
        receiver=RECEIVER,
        actor=CLERK,
        now=now,
    )
    parcel.state = ParcelState.LABELLED
    parcel.waybill_no = f"{int(parcel.id, 36) % 10**13:013d}"
    await parcel.save(update_fields=["state", "waybill_no"])
    return parcel, await seal_parcel(parcel, seal_no="SEAL", actor=CLERK, now=now)


def write_scan(text: str, scanned_at: datetime, **more: str) -> dict[str, str]:
    """One scan as a device keeps it."""
    return {
        "scan_id": uuid4().hex,
        "scanned_at": scanned_at.isoformat(),
        "text": text,
        "point_code": POINT,
        **more,
    }


def write_batch(token: str, scans: list[dict[str, str]], device_now: datetime) -> bytes:
    """The request that sends scans."""
    return build_request(
        "POST",
        "/api/v1/courier/scans",
        headers={"Authorization": f"Bearer {token}"},
        json_body={"device_now": device_now.isoformat(), "scans": scans},
    )
