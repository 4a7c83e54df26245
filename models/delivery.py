"""邮件, 下单, 运单, 取件码, 交接, 揽收班次."""

from tortoise import Model, fields
from tortoise.indexes import Index

from integrations.contracts.carrier import LabelSize
from models.fields import DigestField, IdField, ProtectedField, RefField
from models.kinds import Direction, OrderState, ParcelPurpose, ParcelTaskKind, StayPurpose
from models.states import (
    CellState,
    MailCodeState,
    ParcelState,
    PickupCodeState,
    RoundState,
    StayState,
)


class DeliveryAddress(Model):
    """Where a case's result goes, filled in by the citizen."""

    id = IdField()
    case_id = RefField(unique=True)
    person_id = RefField()
    name = ProtectedField()
    phone = ProtectedField()
    province = fields.CharField(max_length=32)
    city = fields.CharField(max_length=32)
    county = fields.CharField(max_length=32)
    address = ProtectedField()
    given_at = fields.DatetimeField()

    class Meta:
        table = "delivery_addresses"


class MailCode(Model):
    """寄递码: lets whoever is shown it at a window say, once, where something is mailed to."""

    id = IdField()
    digest = DigestField(unique=True)
    point_code = fields.CharField(max_length=16)
    contents = fields.CharField(max_length=128)
    case_id = RefField(null=True)
    """The case whose result is mailed; without one, the parcel is made when the form comes in."""
    person_id = RefField(null=True)
    state = fields.CharEnumField(MailCodeState, max_length=16)
    version = fields.IntField(default=1)
    used_by = RefField(null=True)
    """The account that filled in the form, which may send it again."""
    parcel_id = RefField(null=True)
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "mail_codes"
        indexes = (Index(fields=("state", "expires_at")),)


class Parcel(Model):
    """邮件: something sealed that goes from one holder to another."""

    id = IdField()
    purpose = fields.CharEnumField(ParcelPurpose, max_length=16)
    case_id = RefField(null=True)
    person_id = RefField(null=True)
    transfer_id = RefField(null=True)
    replaces_id = RefField(null=True, unique=True)
    """The cancelled, returned or lost parcel whose contents were packed again, once."""
    point_code = fields.CharField(max_length=16)
    department_code = fields.CharField(max_length=16, null=True)
    contents = fields.CharField(max_length=128)
    weight_g = fields.IntField(default=100)
    receiver_name = ProtectedField()
    receiver_phone = ProtectedField()
    receiver_province = fields.CharField(max_length=32)
    receiver_city = fields.CharField(max_length=32)
    receiver_county = fields.CharField(max_length=32)
    receiver_address = ProtectedField()
    state = fields.CharEnumField(ParcelState, max_length=24)
    version = fields.IntField(default=1)
    seal_no = fields.CharField(max_length=32, default="")
    round_id = RefField(null=True)
    waybill_no = fields.CharField(max_length=32, null=True, unique=True)
    sealed_at = fields.DatetimeField(null=True)
    collected_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    tracked_at = fields.DatetimeField(null=True)
    """When the carrier was last asked, so that all parcels under way are asked in turn."""
    alarmed_at = fields.DatetimeField(null=True)
    """When it was noticed that nobody collects it."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "parcels"
        indexes = (
            Index(fields=("case_id",)),
            Index(fields=("transfer_id",)),
            Index(fields=("point_code", "state")),
            Index(fields=("state", "created_at")),
            Index(fields=("state", "tracked_at")),
            Index(fields=("round_id", "state")),
            Index(fields=("person_id",)),
        )


class CourierOrder(Model):
    """下单: our number at the carrier, stored before the first call and never used again."""

    id = IdField()
    parcel_id = RefField()
    order_no = fields.CharField(max_length=50, unique=True)
    carrier = fields.CharField(max_length=16, default="")
    """Whom it was sent to, and whom everything about it is asked; empty: the usual one."""
    state = fields.CharEnumField(OrderState, max_length=16)
    version = fields.IntField(default=1)
    waybill_no = fields.CharField(max_length=32, default="")
    routing = fields.JSONField[dict[str, str]](default=dict)
    problem = fields.CharField(max_length=200, default="")
    sent_at = fields.DatetimeField(null=True)
    """Written before the first call: from then on the carrier may know the number."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "courier_orders"
        indexes = (Index(fields=("parcel_id",)), Index(fields=("state",)))


class ShippingLabel(Model):
    """面单: the carrier's label of a parcel on one size of paper, once."""

    id = IdField()
    parcel_id = RefField()
    size = fields.CharEnumField(LabelSize, max_length=16)
    blob_key = fields.CharField(max_length=64)
    drawn_at = fields.DatetimeField()

    class Meta:
        table = "shipping_labels"
        unique_together = (("parcel_id", "size"),)


class PickupCode(Model):
    """取件码, of a parcel or of a locker's cell, kept as keyed digests of its two forms."""

    id = IdField()
    parcel_id = RefField(null=True)
    stay_id = RefField(null=True)
    point_code = fields.CharField(max_length=16)
    direction = fields.CharEnumField(Direction, max_length=8)
    long_digest = DigestField(unique=True)
    spoken_digest = DigestField()
    tries = fields.IntField(default=0)
    state = fields.CharEnumField(PickupCodeState, max_length=16)
    version = fields.IntField(default=1)
    live = fields.BooleanField(null=True, default=True)
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "pickup_codes"
        unique_together = (("parcel_id", "direction", "live"), ("stay_id", "direction", "live"))
        indexes = (Index(fields=("point_code", "spoken_digest")),)


class Locker(Model):
    """存取件柜 at a point."""

    code = fields.CharField(max_length=16, primary_key=True)
    point_code = fields.CharField(max_length=16)
    place = fields.CharField(max_length=64)

    class Meta:
        table = "lockers"
        indexes = (Index(fields=("point_code",)),)


class LockerCell(Model):
    """格口: holds one thing at a time."""

    id = IdField()
    locker_code = fields.CharField(max_length=16)
    number = fields.IntField()
    state = fields.CharEnumField(CellState, max_length=16)
    version = fields.IntField(default=1)

    class Meta:
        table = "locker_cells"
        unique_together = (("locker_code", "number"),)


class LockerStay(Model):
    """存取: one thing in one cell, from who puts it in to who takes it out."""

    id = IdField()
    cell_id = RefField()
    locker_code = fields.CharField(max_length=16)
    cell_number = fields.IntField()
    point_code = fields.CharField(max_length=16)
    purpose = fields.CharEnumField(StayPurpose, max_length=16)
    case_id = RefField(null=True)
    person_id = RefField()
    department_code = fields.CharField(max_length=16)
    contents = fields.CharField(max_length=128)
    state = fields.CharEnumField(StayState, max_length=16)
    version = fields.IntField(default=1)
    expires_at = fields.DatetimeField()
    """When an unused reservation lapses, or what lies in the cell is overdue."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "locker_stays"
        indexes = (
            Index(fields=("state", "expires_at")),
            Index(fields=("person_id",)),
            Index(fields=("point_code", "state")),
            Index(fields=("department_code", "state")),
        )


class PickupRound(Model):
    """揽收班次: the sealed parcels of one point up to a cut-off."""

    id = IdField()
    point_code = fields.CharField(max_length=16)
    cut_off_at = fields.DatetimeField()
    state = fields.CharEnumField(RoundState, max_length=16)
    version = fields.IntField(default=1)
    announced_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    agreed_count = fields.IntField(null=True)
    """How many parcels the courier counted; null until both sides agree."""
    agreed_by = fields.CharField(max_length=64, default="")
    missing = fields.JSONField[list[str]](default=list)
    """The parcels that were not taken when it closed; they go with the next round."""

    class Meta:
        table = "pickup_rounds"
        unique_together = (("point_code", "cut_off_at"),)


class HandOver(Model):
    """交接 of a parcel, or into and out of a cell: both sides, point, time, seal."""

    id = IdField()
    parcel_id = RefField(null=True)
    stay_id = RefField(null=True)
    direction = fields.CharEnumField(Direction, max_length=8)
    point_code = fields.CharField(max_length=16)
    given_by = fields.CharField(max_length=64)
    taken_by = fields.CharField(max_length=64)
    seal_no = fields.CharField(max_length=32)
    scanned_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "hand_overs"
        unique_together = (("parcel_id", "direction"), ("stay_id", "direction"))


class ScanRecord(Model):
    """One scan of a courier's device, by the device's own id, with the answer it got."""

    id = fields.BigIntField(primary_key=True)
    courier_id = RefField()
    scan_id = fields.CharField(max_length=64)
    parcel_id = RefField(null=True)
    outcome = fields.CharField(max_length=32, default="")
    """Empty only while its own transaction runs."""
    scanned_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "scan_records"
        unique_together = (("courier_id", "scan_id"),)
        indexes = (Index(fields=("courier_id", "recorded_at")),)


class DigitGuard(Model):
    """How often one courier gave wrong spoken digits of late, and until when he may give none."""

    courier_id = RefField(primary_key=True)
    tries = fields.IntField(default=0)
    tried_at = fields.DatetimeField()
    locked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "digit_guards"


class TrackRecord(Model):
    """One carrier event of a parcel, once."""

    id = fields.BigIntField(primary_key=True)
    waybill_no = fields.CharField(max_length=32)
    code = fields.CharField(max_length=16)
    step = fields.CharField(max_length=24, default="")
    revokes = fields.JSONField[list[str]](default=list)
    place = fields.CharField(max_length=64, default="")
    office_code = fields.CharField(max_length=32, default="")
    description = fields.CharField(max_length=200, default="")
    reason = fields.CharField(max_length=64, default="")
    occurred_at = fields.DatetimeField()
    heard_at = fields.DatetimeField()
    is_confirmed = fields.BooleanField(default=False)

    class Meta:
        table = "track_records"
        unique_together = (("waybill_no", "occurred_at", "code", "office_code"),)


class ReconciliationReport(Model):
    """对账单 of a day: what was compared and every difference, kept as it was found last."""

    day = fields.DateField(primary_key=True)
    made_at = fields.DatetimeField()
    handed_over = fields.IntField()
    """Parcels that couriers took that day."""
    under_way = fields.IntField()
    differences = fields.JSONField[list[dict[str, str]]]()
    """`kind`, `subject` and `point_code` of each."""

    class Meta:
        table = "reconciliation_reports"


class ParcelTask(Model):
    """待办: what the carrier's word, or its silence, leaves for people to do, once until done."""

    id = IdField()
    kind = fields.CharEnumField(ParcelTaskKind, max_length=16)
    subject = fields.CharField(max_length=32)
    """The parcel's id; for a waybill that is none of ours, its number."""
    point_code = fields.CharField(max_length=16, default="")
    """Empty where the parcel is none of ours: the district looks after it."""
    live = fields.BooleanField(null=True, default=True)
    opened_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=64, default="")
    note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "parcel_tasks"
        unique_together = (("subject", "kind", "live"),)
        indexes = (Index(fields=("point_code", "live")), Index(fields=("live", "kind")))
