"""附件: what was uploaded."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.states import AttachmentState


class Attachment(Model):
    """One uploaded file: kept raw in quarantine until inspected, then only as rewritten."""

    id = IdField()
    owner_id = RefField()
    state = fields.CharEnumField(AttachmentState, max_length=16)
    version = fields.IntField(default=1)
    media_type = fields.CharField(max_length=32, default="")
    size_bytes = fields.IntField()
    sha256 = fields.CharField(max_length=64)
    blob_key = fields.CharField(max_length=64, default="")
    quarantine_name = fields.CharField(max_length=64, default="")
    refusal = fields.CharField(max_length=32, default="")
    uploaded_at = fields.DatetimeField()
    bound_to = fields.CharField(max_length=64, default="")
    """What it is evidence of, such as `pre_review:<id>`, empty: still to be claimed."""

    class Meta:
        table = "attachments"
        indexes = (
            Index(fields=("owner_id", "uploaded_at")),
            Index(fields=("state", "uploaded_at")),
        )


class FileView(Model):
    """查阅记录: somebody looked at somebody's file."""

    id = fields.BigIntField(primary_key=True)
    attachment_id = RefField()
    owner_id = RefField()
    viewer = fields.CharField(max_length=64)
    viewer_name = fields.CharField(max_length=64)
    purpose = fields.CharField(max_length=64)
    viewed_at = fields.DatetimeField()

    class Meta:
        table = "file_views"
        indexes = (Index(fields=("owner_id", "id")),)
