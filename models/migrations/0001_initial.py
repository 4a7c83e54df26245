from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.fields import DigestField, IdField, ProtectedField, RefField, TimeOfDayField, new_id
from models.kinds import (
    Assurance,
    AuthorityLevel,
    DayKind,
    Direction,
    HolderKind,
    ItemKind,
    NoticeState,
    OnlineDepth,
    OrderState,
    Outcome,
    ParcelPurpose,
    ParcelTaskKind,
    PointLevel,
    SessionKind,
    StaffRole,
    TransferKind,
    TransferWay,
    WindowKind,
)
from models.states import (
    AppointmentState,
    AttachmentState,
    CaseState,
    HoldState,
    ParcelState,
    PickupCodeState,
    PreReviewState,
    ReviewTaskState,
    RoundState,
    TicketState,
    TransferState,
)
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Appointment",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("person_id", RefField()),
                ("account_id", RefField(null=True)),
                ("point_code", fields.CharField(max_length=16)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSULT: consult\nACCEPT: accept\nISSUE: issue",
                        enum_type=WindowKind,
                        max_length=16,
                    ),
                ),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("quanta", fields.IntField()),
                ("minutes", fields.IntField()),
                (
                    "item_codes",
                    fields.JSONField(
                        encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("pre_review_id", RefField(null=True)),
                (
                    "state",
                    fields.CharEnumField(
                        description="PENDING: pending\nCONFIRMED: confirmed\nCHECKED_IN: checked_in\nSERVING: serving\nSERVED: served\nCANCELLED: cancelled\nDECLINED: declined\nRESCHEDULED: rescheduled\nNO_SHOW: no_show\nABANDONED: abandoned",
                        enum_type=AppointmentState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("confirm_by", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("booked_by", fields.CharField(max_length=64)),
                ("replaced_id", RefField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "appointments",
                "app": "models",
                "indexes": [
                    Index(fields=["person_id", "state"]),
                    Index(fields=["point_code", "starts_at"]),
                    Index(fields=["state", "confirm_by"]),
                    Index(fields=["state", "starts_at"]),
                ],
                "pk_attr": "id",
                "table_description": "预约: a visit for one or several items, from `starts_at` over `quanta` slots.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AppointmentItem",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("appointment_id", RefField()),
                ("person_digest", DigestField()),
                ("item_code", fields.CharField(max_length=16)),
                ("live", fields.BooleanField(null=True, default=True)),
            ],
            options={
                "table": "appointment_items",
                "app": "models",
                "unique_together": (("person_digest", "item_code", "live"),),
                "indexes": [Index(fields=["appointment_id"])],
                "pk_attr": "id",
                "table_description": "One item of a visit, `live` is true or null, so that the key forbids a second live one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Attachment",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("owner_id", RefField()),
                (
                    "state",
                    fields.CharEnumField(
                        description="QUARANTINED: quarantined\nCLEAN: clean\nREFUSED: refused\nDELETED: deleted",
                        enum_type=AttachmentState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("media_type", fields.CharField(default="", max_length=32)),
                ("size_bytes", fields.IntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("blob_key", fields.CharField(default="", max_length=64)),
                ("quarantine_name", fields.CharField(default="", max_length=64)),
                ("refusal", fields.CharField(default="", max_length=32)),
                ("uploaded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("bound_to", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "attachments",
                "app": "models",
                "indexes": [
                    Index(fields=["owner_id", "uploaded_at"]),
                    Index(fields=["state", "uploaded_at"]),
                ],
                "pk_attr": "id",
                "table_description": "One uploaded file: kept raw in quarantine until inspected, then only as rewritten.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(max_length=64)),
                ("action", fields.CharField(max_length=64)),
                ("subject", fields.CharField(max_length=32)),
                ("subject_id", fields.CharField(max_length=64)),
                (
                    "detail",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("request_id", fields.CharField(default="", max_length=64)),
                ("seal", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "audit_entries",
                "app": "models",
                "indexes": [Index(fields=["subject", "subject_id"]), Index(fields=["seal", "id"])],
                "pk_attr": "id",
                "table_description": "Who did or saw what, `seal` chains it to the entry before, written afterwards.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BookingAllowance",
            fields=[
                ("person_digest", DigestField(primary_key=True, unique=True, db_index=True)),
                ("live", fields.IntField(default=0)),
                (
                    "paused_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "booking_allowances",
                "app": "models",
                "pk_attr": "person_digest",
                "table_description": "How many live appointments and holds an identity has, and whether it is paused.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CalendarDay",
            fields=[
                ("day", fields.DateField(primary_key=True, unique=True, db_index=True)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="WORKING: working\nHOLIDAY: holiday",
                        enum_type=DayKind,
                        max_length=16,
                    ),
                ),
                ("name", fields.CharField(default="", max_length=32)),
                ("is_provisional", fields.BooleanField(default=False)),
            ],
            options={
                "table": "calendar_days",
                "app": "models",
                "pk_attr": "day",
                "table_description": "A date that is not what its weekday says, or whose year is official.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Case",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_no", fields.CharField(unique=True, max_length=32)),
                ("person_id", RefField()),
                ("account_id", RefField(null=True)),
                ("item_code", fields.CharField(max_length=16)),
                ("item_version", fields.IntField()),
                ("item_name", fields.CharField(max_length=128)),
                ("point_code", fields.CharField(max_length=16)),
                ("department_code", fields.CharField(max_length=16)),
                (
                    "holder_kind",
                    fields.CharEnumField(
                        description="POINT: point\nDEPARTMENT: department",
                        enum_type=HolderKind,
                        max_length=16,
                    ),
                ),
                ("holder_code", fields.CharField(max_length=16)),
                ("appointment_id", RefField(null=True)),
                ("pre_review_id", RefField(null=True)),
                ("ticket_id", RefField(null=True)),
                (
                    "state",
                    fields.CharEnumField(
                        description="RECEIVED: received\nSUPPLEMENT_ASKED: supplement_asked\nACCEPTED: accepted\nNOT_ACCEPTED: not_accepted\nIN_PROGRESS: in_progress\nSUSPENDED: suspended\nAPPROVED: approved\nREJECTED: rejected\nISSUED: issued\nCLOSED: closed\nWITHDRAWN: withdrawn",
                        enum_type=CaseState,
                        max_length=24,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer_by", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "accepted_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "statutory_due_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "promised_due_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "outcome",
                    fields.CharEnumField(
                        null=True,
                        description="APPROVED: approved\nREJECTED: rejected",
                        enum_type=Outcome,
                        max_length=16,
                    ),
                ),
                ("decision_note", fields.CharField(default="", max_length=500)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "cases",
                "app": "models",
                "indexes": [
                    Index(fields=["person_id", "id"]),
                    Index(fields=["holder_kind", "holder_code", "state", "id"]),
                    Index(fields=["point_code", "state", "id"]),
                    Index(fields=["state", "answer_by"]),
                    Index(fields=["pre_review_id"]),
                ],
                "pk_attr": "id",
                "table_description": "办件: one item for one person, from the counter to the door.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CaseCounter",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("point_code", fields.CharField(max_length=16)),
                ("day", fields.DateField()),
                ("last_number", fields.IntField(default=0)),
            ],
            options={
                "table": "case_counters",
                "app": "models",
                "unique_together": (("point_code", "day"),),
                "pk_attr": "id",
                "table_description": "The last case number of one point on one day.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Certificate",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_id", RefField(unique=True)),
                ("number", fields.CharField(unique=True, max_length=64)),
                ("title", fields.CharField(max_length=128)),
                ("holder_name", ProtectedField(unique=False)),
                ("issued_by", fields.CharField(max_length=64)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "certificates",
                "app": "models",
                "pk_attr": "id",
                "table_description": "证照: the result document of an approved case.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ClockSegment",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_id", RefField()),
                ("reason", fields.CharField(max_length=32)),
                ("note", fields.CharField(max_length=500)),
                ("suspended_on", fields.DateField()),
                ("resumed_on", fields.DateField(null=True)),
            ],
            options={
                "table": "clock_segments",
                "app": "models",
                "indexes": [Index(fields=["case_id"])],
                "pk_attr": "id",
                "table_description": "计时段: a stretch in which a case's clock stood still, and why.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CourierAccount",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("login", fields.CharField(unique=True, max_length=64)),
                ("display_name", fields.CharField(max_length=64)),
                ("carrier", fields.CharField(max_length=16)),
                (
                    "point_codes",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("password_hash", fields.CharField(max_length=255)),
                ("failed_logins", fields.IntField(default=0)),
                (
                    "locked_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "disabled_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "couriers",
                "app": "models",
                "pk_attr": "id",
                "table_description": "快递员, scans within the points on his tour.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CourierOrder",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("parcel_id", RefField()),
                ("order_no", fields.CharField(unique=True, max_length=50)),
                (
                    "state",
                    fields.CharEnumField(
                        description="TO_SEND: to_send\nWAYBILL_ISSUED: waybill_issued\nTO_RECONCILE: to_reconcile\nREFUSED: refused\nCANCELLED: cancelled",
                        enum_type=OrderState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("waybill_no", fields.CharField(default="", max_length=32)),
                (
                    "routing",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("problem", fields.CharField(default="", max_length=200)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "courier_orders",
                "app": "models",
                "indexes": [Index(fields=["parcel_id"]), Index(fields=["state"])],
                "pk_attr": "id",
                "table_description": "下单: our number at the carrier, stored before the first call and never used again.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DeliveryAddress",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_id", RefField(unique=True)),
                ("person_id", RefField()),
                ("name", ProtectedField(unique=False)),
                ("phone", ProtectedField(unique=False)),
                ("province", fields.CharField(max_length=32)),
                ("city", fields.CharField(max_length=32)),
                ("county", fields.CharField(max_length=32)),
                ("address", ProtectedField(unique=False)),
                ("given_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "delivery_addresses",
                "app": "models",
                "pk_attr": "id",
                "table_description": "Where a case's result goes, filled in by the citizen.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Department",
            fields=[
                (
                    "code",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16),
                ),
                ("name", fields.CharField(unique=True, max_length=64)),
                (
                    "level",
                    fields.CharEnumField(
                        description="COMMUNITY: community\nSTREET: street\nDISTRICT: district\nCITY: city",
                        enum_type=AuthorityLevel,
                        max_length=16,
                    ),
                ),
                ("district_code", fields.CharField(max_length=16)),
                ("address", fields.CharField(default="", max_length=200)),
                ("phone", fields.CharField(default="", max_length=32)),
            ],
            options={
                "table": "departments",
                "app": "models",
                "pk_attr": "code",
                "table_description": "部门.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DigitGuard",
            fields=[
                ("courier_id", RefField(primary_key=True, unique=True, db_index=True)),
                ("tries", fields.IntField(default=0)),
                ("tried_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "locked_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "digit_guards",
                "app": "models",
                "pk_attr": "courier_id",
                "table_description": "How often one courier gave wrong spoken digits of late, and until when he may give none.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FileView",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("attachment_id", RefField()),
                ("owner_id", RefField()),
                ("viewer", fields.CharField(max_length=64)),
                ("viewer_name", fields.CharField(max_length=64)),
                ("purpose", fields.CharField(max_length=64)),
                ("viewed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "file_views",
                "app": "models",
                "indexes": [Index(fields=["owner_id", "id"])],
                "pk_attr": "id",
                "table_description": "查阅记录: somebody looked at somebody's file.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HandOver",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("parcel_id", RefField()),
                (
                    "direction",
                    fields.CharEnumField(
                        description="OUT: out\nIN: in", enum_type=Direction, max_length=8
                    ),
                ),
                ("point_code", fields.CharField(max_length=16)),
                ("given_by", fields.CharField(max_length=64)),
                ("taken_by", fields.CharField(max_length=64)),
                ("seal_no", fields.CharField(max_length=32)),
                ("scanned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "hand_overs",
                "app": "models",
                "unique_together": (("parcel_id", "direction"),),
                "pk_attr": "id",
                "table_description": "交接: both sides, point, time, seal.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Hold",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("person_id", RefField()),
                ("point_code", fields.CharField(max_length=16)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSULT: consult\nACCEPT: accept\nISSUE: issue",
                        enum_type=WindowKind,
                        max_length=16,
                    ),
                ),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("quanta", fields.IntField()),
                (
                    "item_codes",
                    fields.JSONField(
                        encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="HELD: held\nTURNED_INTO_APPOINTMENT: turned_into_appointment\nRELEASED: released\nEXPIRED: expired",
                        enum_type=HoldState,
                        max_length=32,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "holds",
                "app": "models",
                "indexes": [
                    Index(fields=["state", "expires_at"]),
                    Index(fields=["person_id", "state"]),
                ],
                "pk_attr": "id",
                "table_description": "占号: places kept for a person for minutes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("actor", fields.CharField(max_length=64)),
                ("key", fields.CharField(max_length=64)),
                ("fingerprint", DigestField()),
                ("status", fields.IntField(default=0)),
                ("answer", ProtectedField(null=True, unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotency_keys",
                "app": "models",
                "unique_together": (("actor", "key"),),
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "What a request with a key led to, kept for a day.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="InboxRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("source", fields.CharField(max_length=32)),
                ("external_id", fields.CharField(max_length=128)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "inbox",
                "app": "models",
                "unique_together": (("source", "external_id"),),
                "indexes": [Index(fields=["received_at"])],
                "pk_attr": "id",
                "table_description": "A message from outside, kept once before it is worked on.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="JobLease",
            fields=[
                (
                    "name",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64),
                ),
                ("holder", fields.CharField(default="", max_length=64)),
                ("leased_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("next_run_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "job_leases",
                "app": "models",
                "pk_attr": "name",
                "table_description": "Which worker runs a scheduled job, and until when it may.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Notice",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("account_id", RefField()),
                ("kind", fields.CharField(max_length=32)),
                ("text", ProtectedField(unique=False)),
                ("dedupe_key", fields.CharField(unique=True, max_length=96)),
                (
                    "state",
                    fields.CharEnumField(
                        description="TO_SEND: to_send\nSENT: sent\nREFUSED: refused\nUNSENDABLE: unsendable",
                        enum_type=NoticeState,
                        max_length=16,
                    ),
                ),
                ("refusal", fields.CharField(default="", max_length=32)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "notices",
                "app": "models",
                "indexes": [Index(fields=["account_id", "id"])],
                "pk_attr": "id",
                "table_description": "One message, once per `dedupe_key`, shown in the mini-program whether or not it was sent.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OneTimeNotice",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("subject", fields.CharField(max_length=16)),
                ("subject_id", RefField()),
                ("round_no", fields.IntField()),
                ("told_by", fields.CharField(max_length=64)),
                ("point_code", fields.CharField(max_length=16)),
                ("repeat_reason", fields.CharField(default="", max_length=500)),
                ("told_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "one_time_notices",
                "app": "models",
                "unique_together": (("subject", "subject_id", "round_no"),),
                "pk_attr": "id",
                "table_description": "一次性告知: everything that is missing, told at once, for a pre-review or a case.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Finding",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "notice",
                    fields.ForeignKeyField(
                        "models.OneTimeNotice",
                        source_field="notice_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="findings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("seq", fields.IntField()),
                ("reason", fields.CharField(max_length=64)),
                ("advice", fields.CharField(max_length=500)),
            ],
            options={
                "table": "findings",
                "app": "models",
                "unique_together": (("notice", "seq"),),
                "pk_attr": "id",
                "table_description": "意见: what is wrong with one material, and how to mend it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutboxRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("topic", fields.CharField(max_length=64)),
                ("consumer", fields.CharField(max_length=64)),
                ("aggregate", fields.CharField(max_length=32)),
                ("aggregate_id", fields.CharField(max_length=64)),
                (
                    "payload",
                    fields.JSONField(
                        encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("dedupe_key", fields.CharField(unique=True, max_length=128)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("available_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.IntField(default=0)),
                ("claimed_by", fields.CharField(default="", max_length=64)),
                (
                    "claimed_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("blocked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_error", fields.CharField(default="", max_length=500)),
            ],
            options={
                "table": "outbox",
                "app": "models",
                "indexes": [
                    Index(fields=["done_at", "blocked_at", "available_at", "id"]),
                    Index(fields=["consumer", "aggregate", "aggregate_id", "done_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "News for one consumer, written in the transaction that made it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Parcel",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="RESULT: result\nTRANSFER: transfer\nORIGINAL_CHECK: original_check",
                        enum_type=ParcelPurpose,
                        max_length=16,
                    ),
                ),
                ("case_id", RefField(null=True)),
                ("person_id", RefField(null=True)),
                ("transfer_id", RefField(null=True)),
                ("replaces_id", RefField(null=True, unique=True)),
                ("point_code", fields.CharField(max_length=16)),
                ("department_code", fields.CharField(null=True, max_length=16)),
                ("contents", fields.CharField(max_length=128)),
                ("weight_g", fields.IntField(default=100)),
                ("receiver_name", ProtectedField(unique=False)),
                ("receiver_phone", ProtectedField(unique=False)),
                ("receiver_province", fields.CharField(max_length=32)),
                ("receiver_city", fields.CharField(max_length=32)),
                ("receiver_county", fields.CharField(max_length=32)),
                ("receiver_address", ProtectedField(unique=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="PACKED: packed\nORDERED: ordered\nLABELLED: labelled\nSEALED: sealed\nCOLLECTED: collected\nIN_TRANSIT: in_transit\nOUT_FOR_DELIVERY: out_for_delivery\nWAITING_AT_POINT: waiting_at_point\nATTEMPT_FAILED: attempt_failed\nDELIVERED: delivered\nRETURNING: returning\nRETURNED: returned\nINTERCEPTED: intercepted\nLOST: lost\nCANCELLED: cancelled",
                        enum_type=ParcelState,
                        max_length=24,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("seal_no", fields.CharField(default="", max_length=32)),
                ("round_id", RefField(null=True)),
                ("waybill_no", fields.CharField(null=True, unique=True, max_length=32)),
                ("label_key", fields.CharField(default="", max_length=64)),
                ("sealed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "collected_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("tracked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("alarmed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "parcels",
                "app": "models",
                "indexes": [
                    Index(fields=["case_id"]),
                    Index(fields=["point_code", "state"]),
                    Index(fields=["state", "created_at"]),
                    Index(fields=["state", "tracked_at"]),
                    Index(fields=["round_id", "state"]),
                    Index(fields=["person_id"]),
                ],
                "pk_attr": "id",
                "table_description": "邮件: something sealed that goes from one holder to another.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ParcelTask",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="ATTEMPT_FAILED: attempt_failed\nRETURNED: returned\nLOST: lost\nMISSING: missing\nDOUBLED: doubled\nSILENT: silent\nUNKNOWN_WAYBILL: unknown_waybill",
                        enum_type=ParcelTaskKind,
                        max_length=16,
                    ),
                ),
                ("subject", fields.CharField(max_length=32)),
                ("point_code", fields.CharField(default="", max_length=16)),
                ("live", fields.BooleanField(null=True, default=True)),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_by", fields.CharField(default="", max_length=64)),
                ("note", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "parcel_tasks",
                "app": "models",
                "unique_together": (("subject", "kind", "live"),),
                "indexes": [Index(fields=["point_code", "live"]), Index(fields=["live", "kind"])],
                "pk_attr": "id",
                "table_description": "待办: what the carrier's word, or its silence, leaves for people to do, once until done.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Person",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("name", ProtectedField(unique=False)),
                ("id_number", ProtectedField(unique=False)),
                ("id_digest", DigestField(unique=True)),
                ("phone", ProtectedField(null=True, unique=False)),
                ("phone_digest", DigestField(null=True)),
                (
                    "assurance",
                    fields.CharEnumField(
                        default=Assurance.DECLARED,
                        description="DECLARED: declared\nPHONE_MATCHED: phone_matched\nVERIFIED: verified\nSEEN_AT_WINDOW: seen_at_window",
                        enum_type=Assurance,
                        max_length=16,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "persons",
                "app": "models",
                "pk_attr": "id",
                "table_description": "自然人, by identity number (GB 11643).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PickupCode",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("parcel_id", RefField()),
                ("point_code", fields.CharField(max_length=16)),
                (
                    "direction",
                    fields.CharEnumField(
                        description="OUT: out\nIN: in", enum_type=Direction, max_length=8
                    ),
                ),
                ("long_digest", DigestField(unique=True)),
                ("spoken_digest", DigestField()),
                ("tries", fields.IntField(default=0)),
                (
                    "state",
                    fields.CharEnumField(
                        description="ISSUED: issued\nLOCKED: locked\nREDEEMED: redeemed\nEXPIRED: expired\nREVOKED: revoked",
                        enum_type=PickupCodeState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("live", fields.BooleanField(null=True, default=True)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pickup_codes",
                "app": "models",
                "unique_together": (("parcel_id", "direction", "live"),),
                "indexes": [Index(fields=["point_code", "spoken_digest"])],
                "pk_attr": "id",
                "table_description": "取件码, kept as keyed digests of the long code and of the spoken one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PickupRound",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("point_code", fields.CharField(max_length=16)),
                ("cut_off_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="OPEN: open\nANNOUNCED: announced\nCLOSED: closed",
                        enum_type=RoundState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                (
                    "announced_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "pickup_rounds",
                "app": "models",
                "unique_together": (("point_code", "cut_off_at"),),
                "pk_attr": "id",
                "table_description": "揽收班次: the sealed parcels of one point up to a cut-off.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PreReview",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("person_id", RefField()),
                ("account_id", RefField()),
                ("item_code", fields.CharField(max_length=16)),
                ("item_version", fields.IntField()),
                ("wished_point_code", fields.CharField(null=True, max_length=16)),
                ("reviewed_point_code", fields.CharField(null=True, max_length=16)),
                (
                    "state",
                    fields.CharEnumField(
                        description="DRAFT: draft\nSUBMITTED: submitted\nIN_REVIEW: in_review\nPASSED: passed\nRETURNED: returned\nREJECTED: rejected\nWITHDRAWN: withdrawn\nLAPSED: lapsed",
                        enum_type=PreReviewState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("round_no", fields.IntField(default=0)),
                (
                    "submitted_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("touched_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pre_reviews",
                "app": "models",
                "indexes": [
                    Index(fields=["person_id", "id"]),
                    Index(fields=["state", "touched_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A person's papers for one item, looked at before the visit.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PreReviewMaterial",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "pre_review",
                    fields.ForeignKeyField(
                        "models.PreReview",
                        source_field="pre_review_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="materials",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("seq", fields.IntField()),
                ("attachment_id", RefField()),
                ("uploaded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pre_review_materials",
                "app": "models",
                "unique_together": (("pre_review", "seq"),),
                "pk_attr": "id",
                "table_description": "The attachment handed in for one material, replaced until submitted.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="QueueTicket",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("point_code", fields.CharField(max_length=16)),
                ("day", fields.DateField()),
                ("series", fields.CharField(max_length=4)),
                ("number", fields.IntField()),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSULT: consult\nACCEPT: accept\nISSUE: issue",
                        enum_type=WindowKind,
                        max_length=16,
                    ),
                ),
                ("person_id", RefField()),
                ("appointment_id", RefField(null=True, unique=True)),
                (
                    "item_codes",
                    fields.JSONField(
                        encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="WAITING: waiting\nCALLED: called\nSERVING: serving\nDONE: done\nMISSED: missed\nABANDONED: abandoned\nTRANSFERRED: transferred",
                        enum_type=TicketState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("rank_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("window_no", fields.IntField(null=True)),
                ("served_by", RefField(null=True)),
                ("taken_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("called_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("serving_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "queue_tickets",
                "app": "models",
                "unique_together": (("point_code", "day", "series", "number"),),
                "indexes": [
                    Index(fields=["point_code", "day", "state", "kind", "rank_at"]),
                    Index(fields=["person_id", "day"]),
                ],
                "pk_attr": "id",
                "table_description": "排队号: `rank_at` is the place in the queue, earliest first.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Rating",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_id", RefField(unique=True)),
                ("person_id", RefField()),
                ("point_code", fields.CharField(max_length=16)),
                ("item_code", fields.CharField(max_length=16)),
                ("score", fields.IntField()),
                (
                    "reason_codes",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("comment", ProtectedField(null=True, unique=False)),
                (
                    "call_back_by",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("rated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "ratings",
                "app": "models",
                "indexes": [Index(fields=["point_code", "rated_at"])],
                "pk_attr": "id",
                "table_description": "One rating of one case: 1 (很不满意) to 5 (非常满意), with national reason codes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReviewTask",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("pre_review_id", RefField()),
                ("round_no", fields.IntField()),
                ("item_code", fields.CharField(max_length=16)),
                ("point_code", fields.CharField(max_length=16)),
                (
                    "state",
                    fields.CharEnumField(
                        description="QUEUED: queued\nCLAIMED: claimed\nDONE: done",
                        enum_type=ReviewTaskState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("minutes", fields.IntField()),
                ("fence", fields.IntField(default=0)),
                ("claimed_by", RefField(null=True)),
                (
                    "leased_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "review_tasks",
                "app": "models",
                "unique_together": (("pre_review_id", "round_no"),),
                "indexes": [
                    Index(fields=["point_code", "state", "due_at"]),
                    Index(fields=["state", "leased_until"]),
                ],
                "pk_attr": "id",
                "table_description": "One round of one pre-review in the work queue of a point.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ScanRecord",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("courier_id", RefField()),
                ("scan_id", fields.CharField(max_length=64)),
                ("parcel_id", RefField(null=True)),
                ("outcome", fields.CharField(default="", max_length=32)),
                ("scanned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "scan_records",
                "app": "models",
                "unique_together": (("courier_id", "scan_id"),),
                "indexes": [Index(fields=["courier_id", "recorded_at"])],
                "pk_attr": "id",
                "table_description": "One scan of a courier's device, by the device's own id, with the answer it got.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ServiceItem",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=16)),
                ("version", fields.IntField(default=1)),
                ("name", fields.CharField(max_length=128)),
                ("item_type", fields.CharField(max_length=32)),
                ("theme", fields.CharField(max_length=32)),
                ("department_code", fields.CharField(max_length=16)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="INSTANT: instant\nONE_REVIEW: one_review\nPROMISED: promised",
                        enum_type=ItemKind,
                        max_length=16,
                    ),
                ),
                ("statutory_days", fields.IntField()),
                ("promised_days", fields.IntField()),
                (
                    "accepted_at_levels",
                    fields.JSONField(
                        encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "decided_at_level",
                    fields.CharEnumField(
                        description="COMMUNITY: community\nSTREET: street\nDISTRICT: district\nCITY: city",
                        enum_type=AuthorityLevel,
                        max_length=16,
                    ),
                ),
                ("applicant", fields.CharField(max_length=32)),
                ("window_minutes", fields.IntField()),
                ("handling_scope", fields.CharField(max_length=32)),
                ("is_mailable", fields.BooleanField()),
                (
                    "online_depth",
                    fields.CharEnumField(
                        description="NONE: none\nPRE_REVIEW: pre_review\nFULL: full",
                        enum_type=OnlineDepth,
                        max_length=16,
                    ),
                ),
                ("public_notice_days", fields.IntField(default=0)),
                ("special_procedure", fields.CharField(default="", max_length=200)),
                ("result_document", fields.CharField(default="", max_length=128)),
                ("days_source", fields.CharField(default="", max_length=16)),
                ("is_sample", fields.BooleanField(default=False)),
                ("search_text", fields.TextField(unique=False)),
                (
                    "withdrawn_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("is_current", fields.BooleanField(default=True)),
            ],
            options={
                "table": "service_items",
                "app": "models",
                "unique_together": (("code", "version"),),
                "indexes": [Index(fields=["is_current", "theme"])],
                "pk_attr": "id",
                "table_description": "事项, one row a version, the newest that is in force counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Material",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "item",
                    fields.ForeignKeyField(
                        "models.ServiceItem",
                        source_field="item_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="materials",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("seq", fields.IntField()),
                ("name", fields.CharField(max_length=128)),
                ("material_type", fields.CharField(max_length=32)),
                ("form", fields.CharField(max_length=32)),
                ("originals", fields.IntField()),
                ("copies", fields.IntField()),
                ("source_channel", fields.CharField(max_length=64)),
                ("e_licence", fields.CharField(default="", max_length=64)),
                ("is_required", fields.BooleanField()),
            ],
            options={
                "table": "materials",
                "app": "models",
                "unique_together": (("item", "seq"),),
                "pk_attr": "id",
                "table_description": "材料: what one version of an item asks for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ServicePoint",
            fields=[
                (
                    "code",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16),
                ),
                ("name", fields.CharField(max_length=64)),
                (
                    "level",
                    fields.CharEnumField(
                        description="CENTER: center\nBRANCH: branch\nSTREET: street\nCOMMUNITY: community",
                        enum_type=PointLevel,
                        max_length=16,
                    ),
                ),
                ("street", fields.CharField(default="", max_length=64)),
                ("address", fields.CharField(default="", max_length=200)),
                ("phone", fields.CharField(default="", max_length=32)),
                ("lat", fields.FloatField()),
                ("lng", fields.FloatField()),
                ("geo_precision", fields.CharField(default="", max_length=16)),
                ("reviewers", fields.IntField(default=1)),
                ("confirms_by_itself", fields.BooleanField(default=False)),
                ("is_open", fields.BooleanField(default=True)),
            ],
            options={
                "table": "service_points",
                "app": "models",
                "pk_attr": "code",
                "table_description": "政务受理点.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("token_digest", DigestField(primary_key=True, unique=True, db_index=True)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CITIZEN: citizen\nSTAFF: staff\nCOURIER: courier",
                        enum_type=SessionKind,
                        max_length=16,
                    ),
                ),
                ("subject_id", RefField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sessions",
                "app": "models",
                "indexes": [Index(fields=["kind", "subject_id"]), Index(fields=["expires_at"])],
                "pk_attr": "token_digest",
                "table_description": "A bearer token's digest and whose it is.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Slot",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("point_code", fields.CharField(max_length=16)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSULT: consult\nACCEPT: accept\nISSUE: issue",
                        enum_type=WindowKind,
                        max_length=16,
                    ),
                ),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("capacity", fields.IntField()),
                ("taken", fields.IntField(default=0)),
            ],
            options={
                "table": "slots",
                "app": "models",
                "unique_together": (("point_code", "kind", "starts_at"),),
                "indexes": [Index(fields=["starts_at"])],
                "pk_attr": "id",
                "table_description": "号源: one quantum of time of one kind of window at one point.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SlotTemplate",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("point_code", fields.CharField(max_length=16)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSULT: consult\nACCEPT: accept\nISSUE: issue",
                        enum_type=WindowKind,
                        max_length=16,
                    ),
                ),
                ("weekday", fields.IntField()),
                ("opens_at", TimeOfDayField(generated=False, null=False, unique=False)),
                ("closes_at", TimeOfDayField(generated=False, null=False, unique=False)),
                ("windows", fields.IntField()),
                ("walk_in_reserve", fields.IntField(default=0)),
            ],
            options={
                "table": "slot_templates",
                "app": "models",
                "unique_together": (("point_code", "kind", "weekday", "opens_at"),),
                "pk_attr": "id",
                "table_description": "Opening hours of one window kind at one point on one weekday (0 = Monday).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffAccount",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("login", fields.CharField(unique=True, max_length=64)),
                ("display_name", fields.CharField(max_length=64)),
                (
                    "role",
                    fields.CharEnumField(
                        description="CLERK: clerk\nMANAGER: manager\nHANDLER: handler\nSUPERVISOR: supervisor\nADMIN: admin",
                        enum_type=StaffRole,
                        max_length=16,
                    ),
                ),
                ("point_code", fields.CharField(null=True, max_length=16)),
                ("department_code", fields.CharField(null=True, max_length=16)),
                ("password_hash", fields.CharField(max_length=255)),
                ("totp_secret", ProtectedField(unique=False)),
                ("totp_used_step", fields.BigIntField(default=0)),
                ("failed_logins", fields.IntField(default=0)),
                (
                    "locked_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "disabled_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A person at a desk, clerks and managers belong to a point, handlers to a department.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TicketCounter",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("point_code", fields.CharField(max_length=16)),
                ("day", fields.DateField()),
                ("series", fields.CharField(max_length=4)),
                ("last_number", fields.IntField(default=0)),
            ],
            options={
                "table": "ticket_counters",
                "app": "models",
                "unique_together": (("point_code", "day", "series"),),
                "pk_attr": "id",
                "table_description": "The last number handed out in one series at one point on one day.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TrackRecord",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("waybill_no", fields.CharField(max_length=32)),
                ("code", fields.CharField(max_length=16)),
                ("step", fields.CharField(default="", max_length=24)),
                (
                    "revokes",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("place", fields.CharField(default="", max_length=64)),
                ("office_code", fields.CharField(default="", max_length=32)),
                ("description", fields.CharField(default="", max_length=200)),
                ("reason", fields.CharField(default="", max_length=64)),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("heard_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("is_confirmed", fields.BooleanField(default=False)),
            ],
            options={
                "table": "track_records",
                "app": "models",
                "unique_together": (("waybill_no", "occurred_at", "code", "office_code"),),
                "pk_attr": "id",
                "table_description": "One carrier event of a parcel, once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Transfer",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "case",
                    fields.ForeignKeyField(
                        "models.Case",
                        source_field="case_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="transfers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CROSS_LEVEL: cross_level\nCROSS_DISTRICT: cross_district",
                        enum_type=TransferKind,
                        max_length=16,
                    ),
                ),
                (
                    "way",
                    fields.CharEnumField(
                        description="DIGITAL: digital\nMAILED: mailed\nCARRIED: carried",
                        enum_type=TransferWay,
                        max_length=16,
                    ),
                ),
                (
                    "from_kind",
                    fields.CharEnumField(
                        description="POINT: point\nDEPARTMENT: department",
                        enum_type=HolderKind,
                        max_length=16,
                    ),
                ),
                ("from_code", fields.CharField(max_length=16)),
                (
                    "to_kind",
                    fields.CharEnumField(
                        description="POINT: point\nDEPARTMENT: department",
                        enum_type=HolderKind,
                        max_length=16,
                    ),
                ),
                ("to_code", fields.CharField(max_length=16)),
                ("parcel_id", RefField(null=True)),
                (
                    "state",
                    fields.CharEnumField(
                        description="REQUESTED: requested\nDISPATCHED: dispatched\nARRIVED: arrived\nTAKEN_OVER: taken_over\nRETURNED: returned\nRECALLED: recalled",
                        enum_type=TransferState,
                        max_length=16,
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("open", fields.BooleanField(null=True, default=True)),
                ("reason", fields.CharField(default="", max_length=500)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "taken_over_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "transfers",
                "app": "models",
                "unique_together": (("case", "open"),),
                "indexes": [
                    Index(fields=["to_kind", "to_code", "state"]),
                    Index(fields=["parcel_id"]),
                ],
                "pk_attr": "id",
                "table_description": "转办: a case on its way to whoever decides it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Transition",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("aggregate", fields.CharField(max_length=32)),
                ("aggregate_id", RefField()),
                ("from_state", fields.CharField(max_length=32)),
                ("to_state", fields.CharField(max_length=32)),
                ("actor", fields.CharField(max_length=64)),
                ("reason", fields.CharField(default="", max_length=500)),
                ("moved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "transitions",
                "app": "models",
                "indexes": [Index(fields=["aggregate", "aggregate_id", "id"])],
                "pk_attr": "id",
                "table_description": "One move of one thing: who, when, from, to, why.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WechatAccount",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("openid", ProtectedField(unique=False)),
                ("openid_digest", DigestField(unique=True)),
                ("session_key", ProtectedField(null=True, unique=False)),
                ("phone", ProtectedField(null=True, unique=False)),
                ("phone_digest", DigestField(null=True)),
                ("person_id", RefField(null=True)),
                ("consent_version", fields.CharField(default="", max_length=16)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wechat_accounts",
                "app": "models",
                "indexes": [Index(fields=["person_id"])],
                "pk_attr": "id",
                "table_description": "微信账号, by openid, tied to at most one person.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Window",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("point_code", fields.CharField(max_length=16)),
                ("number", fields.IntField()),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSULT: consult\nACCEPT: accept\nISSUE: issue",
                        enum_type=WindowKind,
                        max_length=16,
                    ),
                ),
                ("staff_id", RefField(null=True)),
                ("opened_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "windows",
                "app": "models",
                "unique_together": (("point_code", "number"),),
                "pk_attr": "id",
                "table_description": "窗口.",
            },
            bases=["Model"],
        ),
    ]
