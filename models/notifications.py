"""通知: one message to one account, and the right to send it."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, ProtectedField, RefField
from models.kinds import NoticeState


class Notice(Model):
    """One message, once per `dedupe_key`, shown in the mini-program whether or not it was sent."""

    id = IdField()
    account_id = RefField()
    kind = fields.CharField(max_length=32)
    text = ProtectedField()
    dedupe_key = fields.CharField(max_length=96, unique=True)
    state = fields.CharEnumField(NoticeState, max_length=16)
    refusal = fields.CharField(max_length=32, default="")
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notices"
        indexes = (Index(fields=("account_id", "id")),)
