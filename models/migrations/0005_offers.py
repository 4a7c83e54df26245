from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import IdField, RefField, new_id
from models.kinds import OfferCause, WindowKind
from models.states import OfferState
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0004_presence')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Offer',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('cause', fields.CharEnumField(description='WAITLIST: waitlist\nCLOSURE: closure', enum_type=OfferCause, max_length=16)),
                ('person_id', RefField()),
                ('account_id', RefField(null=True)),
                ('replaces_id', RefField(null=True)),
                ('point_code', fields.CharField(max_length=16)),
                ('kind', fields.CharEnumField(description='CONSULT: consult\nACCEPT: accept\nISSUE: issue', enum_type=WindowKind, max_length=16)),
                ('starts_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('quanta', fields.IntField()),
                ('minutes', fields.IntField()),
                ('item_codes', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('pre_review_id', RefField(null=True)),
                ('state', fields.CharEnumField(description='HELD: held\nACCEPTED: accepted\nDECLINED: declined\nLAPSED: lapsed\nWITHDRAWN: withdrawn', enum_type=OfferState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('held_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'offers', 'app': 'models', 'indexes': [Index(fields=['cause', 'state', 'held_until']), Index(fields=['person_id', 'state']), Index(fields=['point_code', 'starts_at']), Index(fields=['replaces_id'])], 'pk_attr': 'id', 'table_description': '递补: a place held for a person who has not picked it, until they answer.'},
            bases=['Model'],
        ),
    ]
