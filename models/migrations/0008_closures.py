from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import IdField, RefField, new_id
from models.kinds import WindowKind
from models.states import ClosureState, ReseatingState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [("models", "0007_mail_codes")]

    initial = False

    operations = [
        ops.CreateModel(
            name='Closure',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('point_code', fields.CharField(max_length=16)),
                ('kind', fields.CharEnumField(null=True, description='CONSULT: consult\nACCEPT: accept\nISSUE: issue', enum_type=WindowKind, max_length=16)),
                ('windows', fields.IntField(null=True)),
                ('starts_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ends_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('deadline_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(max_length=200)),
                ('state', fields.CharEnumField(description='IN_FORCE: in_force\nLIFTED: lifted', enum_type=ClosureState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('created_by', fields.CharField(max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'closures', 'app': 'models', 'indexes': [Index(fields=['point_code', 'ends_at']), Index(fields=['ends_at'])], 'pk_attr': 'id', 'table_description': '停办: a point, one kind of its windows, or some of them, that serve nobody for a while.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Reseating',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('closure_id', RefField()),
                ('appointment_id', RefField()),
                ('offer_id', RefField(null=True)),
                ('open', fields.BooleanField(null=True, default=True)),
                ('state', fields.CharEnumField(description='WAITING: waiting\nOFFERED: offered\nMOVED: moved\nTO_CALL: to_call\nCALLED: called\nSPARED: spared', enum_type=ReseatingState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'reseatings', 'app': 'models', 'unique_together': (('appointment_id', 'open'),), 'indexes': [Index(fields=['closure_id', 'state', 'id']), Index(fields=['open', 'closure_id'])], 'pk_attr': 'id', 'table_description': '改派: one visit that a closure hits, and how far its move is.'},
            bases=['Model'],
        ),
    ]
