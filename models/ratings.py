"""好差评."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, ProtectedField, RefField


class Rating(Model):
    """One rating of one case: 1 (很不满意) to 5 (非常满意), with national reason codes."""

    id = IdField()
    case_id = RefField(unique=True)
    person_id = RefField()
    point_code = fields.CharField(max_length=16)
    item_code = fields.CharField(max_length=16)
    score = fields.IntField()
    reason_codes = fields.JSONField[list[str]](default=list)
    comment = ProtectedField(null=True)
    call_back_by = fields.DatetimeField(null=True)
    rated_at = fields.DatetimeField()

    class Meta:
        table = "ratings"
        indexes = (Index(fields=("point_code", "rated_at")),)
