"""Clerks, handlers, managers, supervisors, administrators and couriers."""

from tortoise import Model, fields

from models.fields import IdField, ProtectedField
from models.kinds import StaffRole


class StaffAccount(Model):
    """A person at a desk, clerks and managers belong to a point, handlers to a department."""

    id = IdField()
    login = fields.CharField(max_length=64, unique=True)
    display_name = fields.CharField(max_length=64)
    role = fields.CharEnumField(StaffRole, max_length=16)
    point_code = fields.CharField(max_length=16, null=True)
    department_code = fields.CharField(max_length=16, null=True)
    password_hash = fields.CharField(max_length=255)
    totp_secret = ProtectedField()
    totp_used_step = fields.BigIntField(default=0)
    failed_logins = fields.IntField(default=0)
    locked_until = fields.DatetimeField(null=True)
    disabled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff"


class CourierAccount(Model):
    """快递员, scans within the points on his tour."""

    id = IdField()
    login = fields.CharField(max_length=64, unique=True)
    display_name = fields.CharField(max_length=64)
    carrier = fields.CharField(max_length=16)
    point_codes = fields.JSONField[list[str]](default=list)
    password_hash = fields.CharField(max_length=255)
    failed_logins = fields.IntField(default=0)
    locked_until = fields.DatetimeField(null=True)
    disabled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "couriers"
