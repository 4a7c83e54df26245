"""What the kit keeps: moves, outbox, inbox, idempotency keys, job leases."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import DigestField, ProtectedField, RefField


class Transition(Model):
    """One move of one thing: who, when, from, to, why."""

    id = fields.BigIntField(primary_key=True)
    aggregate = fields.CharField(max_length=32)
    aggregate_id = RefField()
    from_state = fields.CharField(max_length=32)
    to_state = fields.CharField(max_length=32)
    actor = fields.CharField(max_length=64)
    reason = fields.CharField(max_length=500, default="")
    moved_at = fields.DatetimeField()

    class Meta:
        table = "transitions"
        indexes = (Index(fields=("aggregate", "aggregate_id", "id")),)


class OutboxRow(Model):
    """News for one consumer, written in the transaction that made it."""

    id = fields.BigIntField(primary_key=True)
    topic = fields.CharField(max_length=64)
    consumer = fields.CharField(max_length=64)
    aggregate = fields.CharField(max_length=32)
    aggregate_id = fields.CharField(max_length=64)
    payload = fields.JSONField[dict[str, object]]()
    dedupe_key = fields.CharField(max_length=128, unique=True)
    created_at = fields.DatetimeField()
    available_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)
    claimed_by = fields.CharField(max_length=64, default="")
    claimed_until = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    blocked_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=500, default="")

    class Meta:
        table = "outbox"
        indexes = (
            Index(fields=("done_at", "blocked_at", "available_at", "id")),
            Index(fields=("consumer", "aggregate", "aggregate_id", "done_at", "id")),
        )


class InboxRow(Model):
    """A message from outside, kept once before it is worked on."""

    id = fields.BigIntField(primary_key=True)
    source = fields.CharField(max_length=32)
    external_id = fields.CharField(max_length=128)
    received_at = fields.DatetimeField()

    class Meta:
        table = "inbox"
        unique_together = (("source", "external_id"),)
        indexes = (Index(fields=("received_at",)),)


class IdempotencyKey(Model):
    """What a request with a key led to, kept for a day."""

    id = fields.BigIntField(primary_key=True)
    actor = fields.CharField(max_length=64)
    key = fields.CharField(max_length=64)
    fingerprint = DigestField()
    status = fields.IntField(default=0)
    answer = ProtectedField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "idempotency_keys"
        unique_together = (("actor", "key"),)
        indexes = (Index(fields=("expires_at",)),)


class JobLease(Model):
    """Which worker runs a scheduled job, and until when it may."""

    name = fields.CharField(max_length=64, primary_key=True)
    holder = fields.CharField(max_length=64, default="")
    leased_until = fields.DatetimeField()
    next_run_at = fields.DatetimeField()

    class Meta:
        table = "job_leases"
