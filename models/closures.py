"""停办, 改派."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.kinds import WindowKind
from models.states import ClosureState, ReseatingState


class Closure(Model):
    """停办: a point, one kind of its windows, or some of them, that serve nobody for a while.

    No `kind` is every kind, no `windows` all of them. Whoever is hit and stays silent is moved at
    `deadline_at`.
    """

    id = IdField()
    point_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(WindowKind, max_length=16, null=True)
    windows = fields.IntField(null=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    deadline_at = fields.DatetimeField()
    reason = fields.CharField(max_length=200)
    state = fields.CharEnumField(ClosureState, max_length=16)
    version = fields.IntField(default=1)
    created_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "closures"
        indexes = (Index(fields=("point_code", "ends_at")), Index(fields=("ends_at",)))


class Reseating(Model):
    """改派: one visit that a closure hits, and how far its move is.

    `offer_id` is the place held for it, null where there was none. `open` is true or null, so that
    the key forbids a visit to be hit twice at a time.
    """

    id = IdField()
    closure_id = RefField()
    appointment_id = RefField()
    offer_id = RefField(null=True)
    open = fields.BooleanField(null=True, default=True)
    state = fields.CharEnumField(ReseatingState, max_length=16)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField()

    class Meta:
        table = "reseatings"
        unique_together = (("appointment_id", "open"),)
        indexes = (
            Index(fields=("closure_id", "state", "id")),
            Index(fields=("open", "closure_id")),
        )
