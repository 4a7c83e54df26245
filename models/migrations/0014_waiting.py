from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import DigestField, IdField, RefField, new_id
from models.kinds import WindowKind
from models.states import ReleaseState, WaitlistState
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0013_halls')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Release',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('point_code', fields.CharField(max_length=16)),
                ('kind', fields.CharEnumField(description='CONSULT: consult\nACCEPT: accept\nISSUE: issue', enum_type=WindowKind, max_length=16)),
                ('starts_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('quanta', fields.IntField()),
                ('state', fields.CharEnumField(description='PENDING: pending\nON_SALE: on_sale\nOFFERED: offered', enum_type=ReleaseState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('release_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'releases', 'app': 'models', 'indexes': [Index(fields=['state', 'release_at']), Index(fields=['point_code', 'starts_at'])], 'pk_attr': 'id', 'table_description': '待放号: a freed place, counted as taken until it is offered or back on sale.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WaitlistEntry',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', RefField()),
                ('person_digest', DigestField()),
                ('account_id', RefField(null=True)),
                ('live_no', fields.IntField(null=True)),
                ('item_codes', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('minutes', fields.IntField()),
                ('quanta', fields.IntField()),
                ('pre_review_id', RefField(null=True)),
                ('point_codes', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('first_on', fields.DateField()),
                ('last_on', fields.DateField()),
                ('hours', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(description='WAITING: waiting\nOFFERED: offered\nACCEPTED: accepted\nDECLINED: declined\nLAPSED: lapsed\nWITHDRAWN: withdrawn', enum_type=WaitlistState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'waitlist_entries', 'app': 'models', 'unique_together': (('person_digest', 'live_no'),), 'indexes': [Index(fields=['state', 'last_on']), Index(fields=['person_id', 'id'])], 'pk_attr': 'id', 'table_description': '候补: a wish for a freed place: no `point_codes` is any point, no `hours` any time of day.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Offer',
            name='entry_id',
            field=RefField(null=True),
        ),
    ]
