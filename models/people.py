"""Persons, the accounts they come through, and sessions."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import DigestField, IdField, ProtectedField, RefField
from models.kinds import Assurance, OriginKind, SessionKind
from models.states import RelativeState


class Person(Model):
    """自然人, by identity number (GB 11643)."""

    id = IdField()
    name = ProtectedField()
    id_number = ProtectedField()
    id_digest = DigestField(unique=True)
    phone = ProtectedField(null=True)
    phone_digest = DigestField(null=True)
    assurance = fields.CharEnumField(Assurance, max_length=16, default=Assurance.DECLARED)
    created_at = fields.DatetimeField()

    class Meta:
        table = "persons"


class WechatAccount(Model):
    """微信账号, by openid, tied to at most one person."""

    id = IdField()
    openid = ProtectedField()
    openid_digest = DigestField(unique=True)
    session_key = ProtectedField(null=True)
    phone = ProtectedField(null=True)
    phone_digest = DigestField(null=True)
    person_id = RefField(null=True)
    consent_version = fields.CharField(max_length=16, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "wechat_accounts"
        indexes = (Index(fields=("person_id",)),)


class Relative(Model):
    """亲友: somebody for whom an account may book, from the day they agreed.

    `person_id` is set then; `open` is true or null, so that the key forbids a second line.
    """

    id = IdField()
    account_id = RefField()
    name = ProtectedField()
    id_number = ProtectedField()
    id_digest = DigestField()
    person_id = RefField(null=True)
    open = fields.BooleanField(null=True, default=True)
    state = fields.CharEnumField(RelativeState, max_length=16)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField()

    class Meta:
        table = "relatives"
        unique_together = (("account_id", "id_digest", "open"),)
        indexes = (Index(fields=("id_digest", "open")),)


class LoginOrigin(Model):
    """登录来源: keyed digest of a device or address that an account logged in from."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharEnumField(OriginKind, max_length=16)
    digest = DigestField()
    account_id = RefField()
    last_seen_at = fields.DatetimeField()

    class Meta:
        table = "login_origins"
        unique_together = (("kind", "digest", "account_id"),)
        indexes = (Index(fields=("last_seen_at",)),)


class Session(Model):
    """A bearer token's digest and whose it is."""

    token_digest = DigestField(primary_key=True)
    kind = fields.CharEnumField(SessionKind, max_length=16)
    subject_id = RefField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sessions"
        indexes = (Index(fields=("kind", "subject_id")), Index(fields=("expires_at",)))
