"""摇号."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import DIGEST_LENGTH, DigestField, IdField, ProtectedField, RefField
from models.states import DrawState, DrawWishState


class Draw(Model):
    """摇号: how one day opens, its seed is shown once wishes are no longer taken."""

    id = IdField()
    day = fields.DateField(unique=True)
    seed = ProtectedField()
    seed_hash = fields.CharField(max_length=DIGEST_LENGTH)
    gather_from = fields.DatetimeField()
    gather_until = fields.DatetimeField()
    state = fields.CharEnumField(DrawState, max_length=16)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField()

    class Meta:
        table = "draws"
        indexes = (Index(fields=("state", "gather_until")),)


class DrawWish(Model):
    """摇号登记: what one identity wishes for on the day, `live` is true, or null once withdrawn."""

    id = IdField()
    draw_id = RefField()
    person_id = RefField()
    person_digest = DigestField()
    account_id = RefField(null=True)
    live = fields.BooleanField(null=True, default=True)
    item_codes = fields.JSONField[list[str]]()
    minutes = fields.IntField()
    quanta = fields.IntField()
    pre_review_id = RefField(null=True)
    point_codes = fields.JSONField[list[str]]()
    hours = fields.JSONField[list[list[str]]]()
    state = fields.CharEnumField(DrawWishState, max_length=16)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField()

    class Meta:
        table = "draw_wishes"
        unique_together = (("draw_id", "person_digest", "live"),)
        indexes = (Index(fields=("draw_id", "state")), Index(fields=("person_id", "id")))
