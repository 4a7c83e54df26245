"""审计记录."""

from tortoise import Model, fields
from tortoise.indexes import Index


class AuditEntry(Model):
    """Who did or saw what, `seal` chains it to the entry before, written afterwards."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=64)
    action = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=32)
    subject_id = fields.CharField(max_length=64)
    detail = fields.JSONField[dict[str, object]](default=dict)
    request_id = fields.CharField(max_length=64, default="")
    seal = fields.CharField(max_length=64, default="")

    class Meta:
        table = "audit_entries"
        indexes = (Index(fields=("subject", "subject_id")), Index(fields=("seal", "id")))
