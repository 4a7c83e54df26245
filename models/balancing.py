"""分流: which points are there, and how long reviews take."""

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


class ReviewPace(Model):
    """How long reviews of an item, by its code, took lately.

    `reviews` and `minutes` are sums in which a review counts half for each fortnight of age, as of
    `learned_on`.
    """

    id = fields.CharField(max_length=16, primary_key=True)
    version = fields.IntField(default=1)
    reviews = fields.FloatField()
    minutes = fields.FloatField()
    learned_on = fields.DateField()

    class Meta:
        table = "review_paces"
