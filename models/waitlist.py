"""候补, 递补."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.kinds import OfferCause, WindowKind
from models.states import OfferState


class Offer(Model):
    """递补: a place held for a person who has not picked it, until they answer.

    `replaces_id` is the visit that it was offered for, which stays until the offer is accepted.
    """

    id = IdField()
    cause = fields.CharEnumField(OfferCause, max_length=16)
    person_id = RefField()
    account_id = RefField(null=True)
    replaces_id = RefField(null=True)
    point_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(WindowKind, max_length=16)
    starts_at = fields.DatetimeField()
    quanta = fields.IntField()
    minutes = fields.IntField()
    item_codes = fields.JSONField[list[str]]()
    pre_review_id = RefField(null=True)
    state = fields.CharEnumField(OfferState, max_length=16)
    version = fields.IntField(default=1)
    held_until = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "offers"
        indexes = (
            Index(fields=("cause", "state", "held_until")),
            Index(fields=("person_id", "state")),
            Index(fields=("point_code", "starts_at")),
            Index(fields=("replaces_id",)),
        )
