"""AB岗, 缺岗."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.states import AbsenceState


class Duty(Model):
    """AB岗: who staffs a window on a weekday (0 = Monday), and who stands in for them."""

    id = IdField()
    point_code = fields.CharField(max_length=16)
    weekday = fields.IntField()
    window_number = fields.IntField()
    staff_id = RefField()
    backup_id = RefField()

    class Meta:
        table = "duties"
        unique_together = (
            ("point_code", "weekday", "window_number"),
            ("point_code", "weekday", "staff_id"),
        )


class Absence(Model):
    """缺岗: somebody is not there on a day.

    `window_number` is the window that they leave, `backup_id` who stands in there, `closure_id`
    what closes it while nobody does. `open` is true or null, so that the key forbids two of one
    person and day.
    """

    id = IdField()
    point_code = fields.CharField(max_length=16)
    staff_id = RefField()
    day = fields.DateField()
    open = fields.BooleanField(null=True, default=True)
    window_number = fields.IntField(null=True)
    backup_id = RefField(null=True)
    closure_id = RefField(null=True)
    state = fields.CharEnumField(AbsenceState, max_length=16)
    version = fields.IntField(default=1)
    recorded_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "absences"
        unique_together = (("staff_id", "day", "open"),)
        indexes = (Index(fields=("point_code", "day")),)
