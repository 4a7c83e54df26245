"""排队号."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.kinds import HallNewsKind, Lane, WindowKind
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


class HallCounter(Model):
    """The last change of a point's queue, whoever changes it takes this row first."""

    point_code = fields.CharField(max_length=16, primary_key=True)
    last_number = fields.BigIntField(default=0)

    class Meta:
        table = "hall_counters"


class HallNews(Model):
    """What the display of a hall is told, in the order of the changes, a number and a window."""

    id = fields.BigIntField(primary_key=True)
    point_code = fields.CharField(max_length=16)
    change = fields.BigIntField()
    kind = fields.CharEnumField(HallNewsKind, max_length=16)
    label = fields.CharField(max_length=16)
    window_no = fields.IntField()
    told_at = fields.DatetimeField()

    class Meta:
        table = "hall_news"
        unique_together = (("point_code", "change"),)
        indexes = (Index(fields=("told_at",)),)


class QueueTicket(Model):
    """排队号: `rank_at` is the place in its lane, earliest first.

    Whoever has not arrived keeps the place until `arrive_by` and is not called. `wanted_window_no`
    is the window that somebody was sent to, `origin_id` the ticket that this one took the place of.
    `called_at` is the last call, `called_in` the hall's change that it was, `called_as` the lane.
    """

    id = IdField()
    point_code = fields.CharField(max_length=16)
    day = fields.DateField()
    series = fields.CharField(max_length=4)
    number = fields.IntField()
    kind = fields.CharEnumField(WindowKind, max_length=16)
    lane = fields.CharEnumField(Lane, max_length=16, default=Lane.PLAIN, db_default="plain")
    person_id = RefField()
    appointment_id = RefField(null=True, unique=True)
    origin_id = RefField(null=True, unique=True)
    item_codes = fields.JSONField[list[str]]()
    state = fields.CharEnumField(TicketState, max_length=16)
    version = fields.IntField(default=1)
    rank_at = fields.DatetimeField()
    arrived_at = fields.DatetimeField(null=True)
    arrive_by = fields.DatetimeField(null=True)
    window_no = fields.IntField(null=True)
    wanted_window_no = fields.IntField(null=True)
    served_by = RefField(null=True)
    misses = fields.IntField(default=0, db_default=0)
    people_before = fields.IntField(null=True)
    predicted_minutes = fields.FloatField(null=True)
    """The wait as it was predicted when the number was taken; null while no window was open."""
    naive_minutes = fields.FloatField(null=True)
    """What people before, mean service and windows alone would have predicted."""
    taken_at = fields.DatetimeField()
    first_called_at = fields.DatetimeField(null=True)
    called_at = fields.DatetimeField(null=True)
    called_in = fields.BigIntField(null=True)
    called_as = fields.CharEnumField(Lane, max_length=16, null=True)
    serving_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "queue_tickets"
        unique_together = (("point_code", "day", "series", "number"),)
        indexes = (
            Index(fields=("point_code", "day", "state", "kind", "lane", "rank_at")),
            Index(fields=("person_id", "day")),
            Index(fields=("state", "day")),
            Index(fields=("point_code", "day", "called_in")),
        )


class Departure(Model):
    """When to tell somebody to leave for a ticket or a booking, `id` is the ticket's or booking's.

    Only the minutes of the way are kept, not the place where it begins.
    """

    id = RefField(primary_key=True)
    person_id = RefField()
    point_code = fields.CharField(max_length=16)
    is_booking = fields.BooleanField()
    day = fields.DateField()
    travel_minutes = fields.IntField()
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "departures"
        indexes = (Index(fields=("day", "told_at")),)
