from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import IdField, new_id
from models.kinds import ParcelTaskKind
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0002_walls')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ParcelTask',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='ATTEMPT_FAILED: attempt_failed\nRETURNED: returned\nLOST: lost\nMISSING: missing\nDOUBLED: doubled\nSILENT: silent\nUNKNOWN_WAYBILL: unknown_waybill', enum_type=ParcelTaskKind, max_length=16)),
                ('subject', fields.CharField(max_length=32)),
                ('point_code', fields.CharField(default='', max_length=16)),
                ('live', fields.BooleanField(null=True, default=True)),
                ('opened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_by', fields.CharField(default='', max_length=64)),
                ('note', fields.CharField(default='', max_length=200)),
            ],
            options={'table': 'parcel_tasks', 'app': 'models', 'unique_together': (('subject', 'kind', 'live'),), 'indexes': [Index(fields=['point_code', 'live']), Index(fields=['live', 'kind'])], 'pk_attr': 'id', 'table_description': "待办: what the carrier's word, or its silence, leaves for people to do, once until done."},
            bases=['Model'],
        ),
    ]
