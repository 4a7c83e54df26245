"""待放号, 候补, 递补."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import DigestField, IdField, RefField
from models.kinds import OfferCause, WindowKind
from models.states import OfferState, ReleaseState, WaitlistState


class Release(Model):
    """待放号: a freed place, counted as taken until it is offered or back on sale.

    `visit_id` is the visit that ended early and has the place in the counter, null where that
    gave all of it back.
    """

    id = IdField()
    visit_id = RefField(null=True, unique=True)
    point_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(WindowKind, max_length=16)
    starts_at = fields.DatetimeField()
    quanta = fields.IntField()
    state = fields.CharEnumField(ReleaseState, max_length=16)
    version = fields.IntField(default=1)
    release_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "releases"
        indexes = (
            Index(fields=("state", "release_at")),
            Index(fields=("point_code", "starts_at")),
        )


class WaitlistEntry(Model):
    """候补: a wish for a freed place: no `point_codes` is any point, no `hours` any time of day.

    A live entry has one of the numbers that each person has, so that the key caps them.
    """

    id = IdField()
    person_id = RefField()
    person_digest = DigestField()
    account_id = RefField(null=True)
    live_no = fields.IntField(null=True)
    item_codes = fields.JSONField[list[str]]()
    minutes = fields.IntField()
    quanta = fields.IntField()
    pre_review_id = RefField(null=True)
    point_codes = fields.JSONField[list[str]]()
    first_on = fields.DateField()
    last_on = fields.DateField()
    hours = fields.JSONField[list[list[str]]]()
    state = fields.CharEnumField(WaitlistState, max_length=16)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField()

    class Meta:
        table = "waitlist_entries"
        unique_together = (("person_digest", "live_no"),)
        indexes = (Index(fields=("state", "last_on")), Index(fields=("person_id", "id")))


class Offer(Model):
    """递补: a place held for a person who has not picked it, until they answer.

    `replaces_id` is the visit that it was offered for, which stays until the offer is accepted,
    `entry_id` the wish that it answers.
    """

    id = IdField()
    cause = fields.CharEnumField(OfferCause, max_length=16)
    person_id = RefField()
    account_id = RefField(null=True)
    replaces_id = RefField(null=True)
    entry_id = RefField(null=True)
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
