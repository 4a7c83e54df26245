"""分流: which points are there."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.states import PresenceState


class PointPresence(Model):
    """Whether a point is there, by its code, and when its desks were last heard.

    A point that was never heard has no row and counts as there.
    """

    id = fields.CharField(max_length=16, primary_key=True)
    state = fields.CharEnumField(PresenceState, max_length=16)
    version = fields.IntField(default=1)
    heard_at = fields.DatetimeField()

    class Meta:
        table = "point_presences"
        indexes = (Index(fields=("state", "heard_at")),)
