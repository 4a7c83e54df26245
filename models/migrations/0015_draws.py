from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import DigestField, IdField, ProtectedField, RefField, new_id
from models.states import DrawState, DrawWishState
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0014_waiting')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Draw',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('day', fields.DateField(unique=True)),
                ('seed', ProtectedField(unique=False)),
                ('seed_hash', fields.CharField(max_length=64)),
                ('gather_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('gather_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(description='ANNOUNCED: announced\nDRAWING: drawing\nOPENED: opened', enum_type=DrawState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'draws', 'app': 'models', 'indexes': [Index(fields=['state', 'gather_until'])], 'pk_attr': 'id', 'table_description': '摇号: how one day opens, its seed is shown once wishes are no longer taken.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DrawWish',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('draw_id', RefField()),
                ('person_id', RefField()),
                ('person_digest', DigestField()),
                ('account_id', RefField(null=True)),
                ('live', fields.BooleanField(null=True, default=True)),
                ('item_codes', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('minutes', fields.IntField()),
                ('quanta', fields.IntField()),
                ('pre_review_id', RefField(null=True)),
                ('point_codes', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('hours', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(description='ENTERED: entered\nWON: won\nLOST: lost\nWITHDRAWN: withdrawn', enum_type=DrawWishState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'draw_wishes', 'app': 'models', 'unique_together': (('draw_id', 'person_digest', 'live'),), 'indexes': [Index(fields=['draw_id', 'state']), Index(fields=['person_id', 'id'])], 'pk_attr': 'id', 'table_description': '摇号登记: what one identity wishes for on the day, `live` is true, or null once withdrawn.'},
            bases=['Model'],
        ),
    ]
