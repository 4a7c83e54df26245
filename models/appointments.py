"""排班, 号源, 占号, 预约."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import DigestField, IdField, RefField, TimeOfDayField
from models.kinds import WindowKind
from models.states import AppointmentState, HoldState


class SlotTemplate(Model):
    """Opening hours of one window kind at one point on one weekday (0 = Monday)."""

    id = IdField()
    point_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(WindowKind, max_length=16)
    weekday = fields.IntField()
    opens_at = TimeOfDayField()
    closes_at = TimeOfDayField()
    windows = fields.IntField()
    walk_in_reserve = fields.IntField(default=0)

    class Meta:
        table = "slot_templates"
        unique_together = (("point_code", "kind", "weekday", "opens_at"),)


class Slot(Model):
    """号源: one quantum of time of one kind of window at one point.

    `taken` counts appointments, holds and offers; it is changed by the guarded update only.
    """

    id = fields.BigIntField(primary_key=True)
    point_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(WindowKind, max_length=16)
    starts_at = fields.DatetimeField()
    capacity = fields.IntField()
    taken = fields.IntField(default=0)

    class Meta:
        table = "slots"
        unique_together = (("point_code", "kind", "starts_at"),)
        indexes = (Index(fields=("starts_at",)),)


class Hold(Model):
    """占号: places kept for a person for minutes."""

    id = IdField()
    person_id = RefField()
    point_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(WindowKind, max_length=16)
    starts_at = fields.DatetimeField()
    quanta = fields.IntField()
    item_codes = fields.JSONField[list[str]]()
    state = fields.CharEnumField(HoldState, max_length=32)
    version = fields.IntField(default=1)
    expires_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "holds"
        indexes = (Index(fields=("state", "expires_at")), Index(fields=("person_id", "state")))


class Appointment(Model):
    """预约: a visit for one or several items, from `starts_at` over `quanta` slots.

    `reminded_hours` is for which of the reminders it was looked at last.
    """

    id = IdField()
    person_id = RefField()
    account_id = RefField(null=True)
    point_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(WindowKind, max_length=16)
    starts_at = fields.DatetimeField()
    quanta = fields.IntField()
    minutes = fields.IntField()
    item_codes = fields.JSONField[list[str]]()
    pre_review_id = RefField(null=True)
    state = fields.CharEnumField(AppointmentState, max_length=16)
    version = fields.IntField(default=1)
    confirm_by = fields.DatetimeField()
    booked_by = fields.CharField(max_length=64)
    replaced_id = RefField(null=True)
    reminded_hours = fields.IntField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "appointments"
        indexes = (
            Index(fields=("person_id", "state")),
            Index(fields=("point_code", "starts_at")),
            Index(fields=("state", "confirm_by")),
            Index(fields=("state", "starts_at")),
        )


class AppointmentItem(Model):
    """One item of a visit, `live` is true or null, so that the key forbids a second live one."""

    id = IdField()
    appointment_id = RefField()
    person_digest = DigestField()
    item_code = fields.CharField(max_length=16)
    live = fields.BooleanField(null=True, default=True)

    class Meta:
        table = "appointment_items"
        unique_together = (("person_digest", "item_code", "live"),)
        indexes = (Index(fields=("appointment_id",)),)


class BookingAllowance(Model):
    """How many live appointments and holds an identity has, and whether it is paused."""

    person_digest = DigestField(primary_key=True)
    live = fields.IntField(default=0)
    paused_until = fields.DatetimeField(null=True)

    class Meta:
        table = "booking_allowances"
