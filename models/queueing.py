"""排队号."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.kinds import WindowKind
from models.states import TicketState


class TicketCounter(Model):
    """The last number handed out in one series at one point on one day."""

    id = fields.BigIntField(primary_key=True)
    point_code = fields.CharField(max_length=16)
    day = fields.DateField()
    series = fields.CharField(max_length=4)
    last_number = fields.IntField(default=0)

    class Meta:
        table = "ticket_counters"
        unique_together = (("point_code", "day", "series"),)


class QueueTicket(Model):
    """排队号: `rank_at` is the place in the queue, earliest first."""

    id = IdField()
    point_code = fields.CharField(max_length=16)
    day = fields.DateField()
    series = fields.CharField(max_length=4)
    number = fields.IntField()
    kind = fields.CharEnumField(WindowKind, max_length=16)
    person_id = RefField()
    appointment_id = RefField(null=True, unique=True)
    item_codes = fields.JSONField[list[str]]()
    state = fields.CharEnumField(TicketState, max_length=16)
    version = fields.IntField(default=1)
    rank_at = fields.DatetimeField()
    window_no = fields.IntField(null=True)
    served_by = RefField(null=True)
    taken_at = fields.DatetimeField()
    called_at = fields.DatetimeField(null=True)
    serving_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "queue_tickets"
        unique_together = (("point_code", "day", "series", "number"),)
        indexes = (
            Index(fields=("point_code", "day", "state", "kind", "rank_at")),
            Index(fields=("person_id", "day")),
        )
