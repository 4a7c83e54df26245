"""办件, 转办, 计时段, 证照."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, ProtectedField, RefField
from models.kinds import HolderKind, Outcome, TransferKind, TransferWay
from models.states import CaseState, TransferState


class ClockSegment(Model):
    """计时段: a stretch in which a case's clock stood still, and why."""

    id = IdField()
    case_id = RefField()
    reason = fields.CharField(max_length=32)
    note = fields.CharField(max_length=500)
    suspended_on = fields.DateField()
    resumed_on = fields.DateField(null=True)

    class Meta:
        table = "clock_segments"
        indexes = (Index(fields=("case_id",)),)


class Case(Model):
    """办件: one item for one person, from the counter to the door."""

    id = IdField()
    case_no = fields.CharField(max_length=32, unique=True)
    person_id = RefField()
    account_id = RefField(null=True)
    item_code = fields.CharField(max_length=16)
    item_version = fields.IntField()
    item_name = fields.CharField(max_length=128)
    point_code = fields.CharField(max_length=16)
    department_code = fields.CharField(max_length=16)
    holder_kind = fields.CharEnumField(HolderKind, max_length=16)
    holder_code = fields.CharField(max_length=16)
    appointment_id = RefField(null=True)
    pre_review_id = RefField(null=True)
    ticket_id = RefField(null=True)
    state = fields.CharEnumField(CaseState, max_length=24)
    version = fields.IntField(default=1)
    received_at = fields.DatetimeField()
    answer_by = fields.DatetimeField()
    """行政许可法 第三十二条: accepted from receipt if nothing was said until then."""
    accepted_at = fields.DatetimeField(null=True)
    statutory_due_at = fields.DatetimeField(null=True)
    promised_due_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    outcome = fields.CharEnumField(Outcome, max_length=16, null=True)
    decision_note = fields.CharField(max_length=500, default="")
    closed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "cases"
        indexes = (
            Index(fields=("person_id", "id")),
            Index(fields=("holder_kind", "holder_code", "state", "id")),
            Index(fields=("point_code", "state", "id")),
            Index(fields=("state", "answer_by")),
            Index(fields=("pre_review_id",)),
        )


class CaseCounter(Model):
    """The last case number of one point on one day."""

    id = fields.BigIntField(primary_key=True)
    point_code = fields.CharField(max_length=16)
    day = fields.DateField()
    last_number = fields.IntField(default=0)

    class Meta:
        table = "case_counters"
        unique_together = (("point_code", "day"),)


class Transfer(Model):
    """转办: a case on its way to whoever decides it."""

    id = IdField()
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="transfers"
    )
    kind = fields.CharEnumField(TransferKind, max_length=16)
    way = fields.CharEnumField(TransferWay, max_length=16)
    from_kind = fields.CharEnumField(HolderKind, max_length=16)
    from_code = fields.CharField(max_length=16)
    to_kind = fields.CharEnumField(HolderKind, max_length=16)
    to_code = fields.CharField(max_length=16)
    state = fields.CharEnumField(TransferState, max_length=16)
    version = fields.IntField(default=1)
    open = fields.BooleanField(null=True, default=True)
    """True or null, so that the key allows one open transfer a case."""
    reason = fields.CharField(max_length=500, default="")
    requested_at = fields.DatetimeField()
    taken_over_at = fields.DatetimeField(null=True)

    class Meta:
        table = "transfers"
        unique_together = (("case", "open"),)
        indexes = (Index(fields=("to_kind", "to_code", "state")),)


class Certificate(Model):
    """证照: the result document of an approved case."""

    id = IdField()
    case_id = RefField(unique=True)
    number = fields.CharField(max_length=64, unique=True)
    title = fields.CharField(max_length=128)
    holder_name = ProtectedField()
    issued_by = fields.CharField(max_length=64)
    issued_at = fields.DatetimeField()

    class Meta:
        table = "certificates"


class MovedDeadline(Model):
    """时限变动: a deadline that a changed calendar moved, once for each change and case."""

    id = IdField()
    case_id = RefField()
    change_key = fields.CharField(max_length=64)
    case_no = fields.CharField(max_length=32)
    point_code = fields.CharField(max_length=16)
    holder_code = fields.CharField(max_length=16)
    was_due_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    moved_at = fields.DatetimeField()

    class Meta:
        table = "moved_deadlines"
        unique_together = (("case_id", "change_key"),)
        indexes = (Index(fields=("change_key", "id")),)
