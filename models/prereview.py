"""预审, 意见, 一次性告知, and the work of reviewing."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.states import PreReviewState, ReviewTaskState


class PreReview(Model):
    """A person's papers for one item, looked at before the visit."""

    id = IdField()
    person_id = RefField()
    account_id = RefField()
    item_code = fields.CharField(max_length=16)
    item_version = fields.IntField()
    wished_point_code = fields.CharField(max_length=16, null=True)
    reviewed_point_code = fields.CharField(max_length=16, null=True)
    state = fields.CharEnumField(PreReviewState, max_length=16)
    version = fields.IntField(default=1)
    round_no = fields.IntField(default=0)
    submitted_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    touched_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "pre_reviews"
        indexes = (Index(fields=("person_id", "id")), Index(fields=("state", "touched_at")))


class PreReviewMaterial(Model):
    """The attachment handed in for one material, replaced until submitted."""

    id = IdField()
    pre_review: fields.ForeignKeyRelation[PreReview] = fields.ForeignKeyField(
        "models.PreReview", related_name="materials"
    )
    seq = fields.IntField()
    attachment_id = RefField()
    uploaded_at = fields.DatetimeField()

    class Meta:
        table = "pre_review_materials"
        unique_together = (("pre_review", "seq"),)


class OneTimeNotice(Model):
    """一次性告知: everything that is missing, told at once, for a pre-review or a case."""

    id = IdField()
    subject = fields.CharField(max_length=16)
    subject_id = RefField()
    round_no = fields.IntField()
    told_by = fields.CharField(max_length=64)
    point_code = fields.CharField(max_length=16)
    repeat_reason = fields.CharField(max_length=500, default="")
    told_at = fields.DatetimeField()

    findings: fields.ReverseRelation["Finding"]

    class Meta:
        table = "one_time_notices"
        unique_together = (("subject", "subject_id", "round_no"),)


class Finding(Model):
    """意见: what is wrong with one material, and how to mend it."""

    id = IdField()
    notice: fields.ForeignKeyRelation[OneTimeNotice] = fields.ForeignKeyField(
        "models.OneTimeNotice", related_name="findings"
    )
    seq = fields.IntField()
    reason = fields.CharField(max_length=64)
    advice = fields.CharField(max_length=500)

    class Meta:
        table = "findings"
        unique_together = (("notice", "seq"),)


class ReviewTask(Model):
    """One round of one pre-review in the work queue of a point.

    `rank_ms` is the place in the queue, least first: the deadline with what priority and fairness
    add to it, in milliseconds since 1970. `fence` rises with each claim, and what is finished under
    an older one is refused.
    """

    id = IdField()
    pre_review_id = RefField()
    round_no = fields.IntField()
    item_code = fields.CharField(max_length=16)
    point_code = fields.CharField(max_length=16)
    state = fields.CharEnumField(ReviewTaskState, max_length=16)
    version = fields.IntField(default=1)
    due_at = fields.DatetimeField()
    rank_ms = fields.BigIntField(default=0)
    minutes = fields.IntField()
    fence = fields.IntField(default=0)
    claimed_by = RefField(null=True)
    claimed_at = fields.DatetimeField(null=True)
    leased_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "review_tasks"
        unique_together = (("pre_review_id", "round_no"),)
        indexes = (
            Index(fields=("point_code", "state", "rank_ms")),
            Index(fields=("state", "rank_ms")),
            Index(fields=("point_code", "claimed_at")),
            Index(fields=("state", "leased_until")),
        )
