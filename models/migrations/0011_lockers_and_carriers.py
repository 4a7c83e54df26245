"""Lockers, closing sheets, whom an order was sent to, reports of reconciliation."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import IdField, RefField, new_id
from models.kinds import ParcelTaskKind, StayPurpose
from models.states import CellState, StayState
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

# SQLite alters a field by copying its table, and left these behind.
KEYS = (
    ("hand_overs", "parcel_id, direction"),
    ("parcel_tasks", "subject, kind, live"),
    ("pickup_codes", "parcel_id, direction, live"),
    ("transfers", "case_id, open"),
)
INDEXES = (
    ("parcel_tasks", "live, kind"),
    ("parcel_tasks", "point_code, live"),
    ("parcels", "case_id"),
    ("parcels", "person_id"),
    ("parcels", "point_code, state"),
    ("parcels", "round_id, state"),
    ("parcels", "state, created_at"),
    ("parcels", "state, tracked_at"),
    ("pickup_codes", "point_code, spoken_digest"),
    ("transfers", "to_kind, to_code, state"),
)


async def restore_keys(apps, editor):
    if editor.client.capabilities.dialect != "sqlite":
        return
    for kind, wanted in (("UNIQUE INDEX", KEYS), ("INDEX", INDEXES)):
        for table, columns in wanted:
            name = f"{table}_{columns.replace(', ', '_')}"
            await editor.client.execute_query(f"CREATE {kind} {name} ON {table} ({columns})")


class Migration(migrations.Migration):
    dependencies = [('models', '0010_moved_deadlines')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Locker',
            fields=[
                ('code', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('point_code', fields.CharField(max_length=16)),
                ('place', fields.CharField(max_length=64)),
            ],
            options={'table': 'lockers', 'app': 'models', 'indexes': [Index(fields=['point_code'])], 'pk_attr': 'code', 'table_description': '存取件柜 at a point.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LockerCell',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('locker_code', fields.CharField(max_length=16)),
                ('number', fields.IntField()),
                ('state', fields.CharEnumField(description='FREE: free\nTAKEN: taken\nOUT_OF_ORDER: out_of_order', enum_type=CellState, max_length=16)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'locker_cells', 'app': 'models', 'unique_together': (('locker_code', 'number'),), 'pk_attr': 'id', 'table_description': '格口: holds one thing at a time.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LockerStay',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('cell_id', RefField()),
                ('locker_code', fields.CharField(max_length=16)),
                ('cell_number', fields.IntField()),
                ('point_code', fields.CharField(max_length=16)),
                ('purpose', fields.CharEnumField(description='DEPOSIT: deposit\nRESULT: result', enum_type=StayPurpose, max_length=16)),
                ('case_id', RefField(null=True)),
                ('person_id', RefField()),
                ('department_code', fields.CharField(max_length=16)),
                ('contents', fields.CharField(max_length=128)),
                ('state', fields.CharEnumField(description='RESERVED: reserved\nPLACED: placed\nOVERDUE: overdue\nTAKEN: taken\nREMOVED: removed\nCANCELLED: cancelled\nLAPSED: lapsed', enum_type=StayState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'locker_stays', 'app': 'models', 'indexes': [Index(fields=['state', 'expires_at']), Index(fields=['person_id']), Index(fields=['point_code', 'state']), Index(fields=['department_code', 'state'])], 'pk_attr': 'id', 'table_description': '存取: one thing in one cell, from who puts it in to who takes it out.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReconciliationReport',
            fields=[
                ('day', fields.DateField(primary_key=True, unique=True, db_index=True)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('handed_over', fields.IntField()),
                ('under_way', fields.IntField()),
                ('differences', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'reconciliation_reports', 'app': 'models', 'pk_attr': 'day', 'table_description': '对账单 of a day: what was compared and every difference, kept as it was found last.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='CourierOrder',
            name='carrier',
            field=fields.CharField(default='', max_length=16),
        ),
        ops.AlterModelOptions(
            name='HandOver',
            options={'table': 'hand_overs', 'app': 'models', 'unique_together': (('parcel_id', 'direction'), ('stay_id', 'direction')), 'pk_attr': 'id', 'table_description': '交接 of a parcel, or into and out of a cell: both sides, point, time, seal.'},
        ),
        ops.AlterField(
            model_name='HandOver',
            name='parcel_id',
            field=RefField(null=True),
        ),
        ops.AddField(
            model_name='HandOver',
            name='stay_id',
            field=RefField(null=True),
        ),
        ops.AddConstraint(
            model_name='HandOver',
            constraint=UniqueConstraint(fields=('stay_id', 'direction'), name=None),
        ),
        ops.AlterField(
            model_name='ParcelTask',
            name='kind',
            field=fields.CharEnumField(description='ATTEMPT_FAILED: attempt_failed\nRETURNED: returned\nLOST: lost\nMISSING: missing\nDOUBLED: doubled\nSILENT: silent\nUNKNOWN_WAYBILL: unknown_waybill\nADDRESS_TO_CHECK: address_to_check\nADDRESS_REFUSED: address_refused\nNOT_COLLECTED: not_collected\nLOCKER_OVERDUE: locker_overdue', enum_type=ParcelTaskKind, max_length=16),
        ),
        ops.AlterModelOptions(
            name='PickupCode',
            options={'table': 'pickup_codes', 'app': 'models', 'unique_together': (('parcel_id', 'direction', 'live'), ('stay_id', 'direction', 'live')), 'indexes': [Index(fields=['point_code', 'spoken_digest'])], 'pk_attr': 'id', 'table_description': "取件码, of a parcel or of a locker's cell, kept as keyed digests of its two forms."},
        ),
        ops.AlterField(
            model_name='PickupCode',
            name='parcel_id',
            field=RefField(null=True),
        ),
        ops.AddField(
            model_name='PickupCode',
            name='stay_id',
            field=RefField(null=True),
        ),
        ops.AddConstraint(
            model_name='PickupCode',
            constraint=UniqueConstraint(fields=('stay_id', 'direction', 'live'), name=None),
        ),
        ops.AddField(
            model_name='PickupRound',
            name='agreed_by',
            field=fields.CharField(default='', max_length=64),
        ),
        ops.AddField(
            model_name='PickupRound',
            name='agreed_count',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='PickupRound',
            name='closed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='PickupRound',
            name='missing',
            field=fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.RunPython(restore_keys),
    ]
