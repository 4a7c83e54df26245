"""Service points, windows, departments, items, materials and the working calendar."""

from tortoise import Model, fields
from tortoise.indexes import Index

from models.fields import IdField, RefField
from models.kinds import AuthorityLevel, DayKind, ItemKind, OnlineDepth, PointLevel, WindowKind


class ServicePoint(Model):
    """政务受理点."""

    code = fields.CharField(max_length=16, primary_key=True)
    name = fields.CharField(max_length=64)
    level = fields.CharEnumField(PointLevel, max_length=16)
    street = fields.CharField(max_length=64, default="")
    address = fields.CharField(max_length=200, default="")
    phone = fields.CharField(max_length=32, default="")
    lat = fields.FloatField()
    lng = fields.FloatField()
    geo_precision = fields.CharField(max_length=16, default="")
    reviewers = fields.IntField(default=1)
    confirms_by_itself = fields.BooleanField(default=False)
    is_open = fields.BooleanField(default=True)

    class Meta:
        table = "service_points"


class Window(Model):
    """窗口: of one kind, `also_kinds` are what it serves besides while it is open."""

    id = IdField()
    point_code = fields.CharField(max_length=16)
    number = fields.IntField()
    kind = fields.CharEnumField(WindowKind, max_length=16)
    also_kinds = fields.JSONField[list[str]](null=True)
    staff_id = RefField(null=True)
    opened_at = fields.DatetimeField(null=True)

    class Meta:
        table = "windows"
        unique_together = (("point_code", "number"),)


class Department(Model):
    """部门."""

    code = fields.CharField(max_length=16, primary_key=True)
    name = fields.CharField(max_length=64, unique=True)
    level = fields.CharEnumField(AuthorityLevel, max_length=16)
    district_code = fields.CharField(max_length=16)
    address = fields.CharField(max_length=200, default="")
    phone = fields.CharField(max_length=32, default="")

    class Meta:
        table = "departments"


class ServiceItem(Model):
    """事项, one row a version, the newest that is in force counts."""

    id = IdField()
    code = fields.CharField(max_length=16)
    version = fields.IntField(default=1)
    name = fields.CharField(max_length=128)
    item_type = fields.CharField(max_length=32)
    theme = fields.CharField(max_length=32)
    department_code = fields.CharField(max_length=16)
    kind = fields.CharEnumField(ItemKind, max_length=16)
    statutory_days = fields.IntField()
    promised_days = fields.IntField()
    accepted_at_levels = fields.JSONField[list[str]]()
    decided_at_level = fields.CharEnumField(AuthorityLevel, max_length=16)
    applicant = fields.CharField(max_length=32)
    window_minutes = fields.IntField()
    handling_scope = fields.CharField(max_length=32)
    is_mailable = fields.BooleanField()
    online_depth = fields.CharEnumField(OnlineDepth, max_length=16)
    public_notice_days = fields.IntField(default=0)
    special_procedure = fields.CharField(max_length=200, default="")
    result_document = fields.CharField(max_length=128, default="")
    days_source = fields.CharField(max_length=16, default="")
    is_sample = fields.BooleanField(default=False)
    """Shipped to show the product, not official: whoever is shown it is told so."""
    search_text = fields.TextField()
    withdrawn_at = fields.DatetimeField(null=True)
    is_current = fields.BooleanField(default=True)

    class Meta:
        table = "service_items"
        unique_together = (("code", "version"),)
        indexes = (Index(fields=("is_current", "theme")),)


class Material(Model):
    """材料: what one version of an item asks for."""

    id = IdField()
    item: fields.ForeignKeyRelation[ServiceItem] = fields.ForeignKeyField(
        "models.ServiceItem", related_name="materials"
    )
    seq = fields.IntField()
    name = fields.CharField(max_length=128)
    material_type = fields.CharField(max_length=32)
    form = fields.CharField(max_length=32)
    originals = fields.IntField()
    copies = fields.IntField()
    source_channel = fields.CharField(max_length=64)
    e_licence = fields.CharField(max_length=64, default="")
    is_required = fields.BooleanField()

    class Meta:
        table = "materials"
        unique_together = (("item", "seq"),)


class CalendarDay(Model):
    """A date that is not what its weekday says, or whose year is official."""

    day = fields.DateField(primary_key=True)
    kind = fields.CharEnumField(DayKind, max_length=16)
    name = fields.CharField(max_length=32, default="")
    is_provisional = fields.BooleanField(default=False)

    class Meta:
        table = "calendar_days"
