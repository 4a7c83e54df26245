"""Codes for mailing at a window; the parcel of a transfer is found by the transfer."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import DigestField, IdField, RefField, new_id
from models.kinds import ParcelTaskKind
from models.states import MailCodeState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0006_reminders')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MailCode',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('digest', DigestField(unique=True)),
                ('point_code', fields.CharField(max_length=16)),
                ('contents', fields.CharField(max_length=128)),
                ('case_id', RefField(null=True)),
                ('person_id', RefField(null=True)),
                ('state', fields.CharEnumField(description='ISSUED: issued\nUSED: used\nEXPIRED: expired', enum_type=MailCodeState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('used_by', RefField(null=True)),
                ('parcel_id', RefField(null=True)),
                ('issued_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'mail_codes', 'app': 'models', 'indexes': [Index(fields=['state', 'expires_at'])], 'pk_attr': 'id', 'table_description': '寄递码: lets whoever is shown it at a window say, once, where something is mailed to.'},
            bases=['Model'],
        ),
        ops.AddIndex(
            model_name='Parcel',
            index=Index(fields=['transfer_id']),
        ),
        ops.AlterField(
            model_name='ParcelTask',
            name='kind',
            field=fields.CharEnumField(description='ATTEMPT_FAILED: attempt_failed\nRETURNED: returned\nLOST: lost\nMISSING: missing\nDOUBLED: doubled\nSILENT: silent\nUNKNOWN_WAYBILL: unknown_waybill\nADDRESS_TO_CHECK: address_to_check\nADDRESS_REFUSED: address_refused', enum_type=ParcelTaskKind, max_length=16),
        ),
        ops.RemoveIndex(
            model_name='Transfer',
            name=None,
            fields=['parcel_id'],
        ),
        ops.RemoveField(model_name='Transfer', name='parcel_id'),
    ]
