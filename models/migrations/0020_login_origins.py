from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import DigestField, RefField
from models.kinds import OriginKind
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0019_naive_waits')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LoginOrigin',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='DEVICE: device\nADDRESS: address', enum_type=OriginKind, max_length=16)),
                ('digest', DigestField()),
                ('account_id', RefField()),
                ('last_seen_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'login_origins', 'app': 'models', 'unique_together': (('kind', 'digest', 'account_id'),), 'indexes': [Index(fields=['last_seen_at'])], 'pk_attr': 'id', 'table_description': '登录来源: keyed digest of a device or address that an account logged in from.'},
            bases=['Model'],
        ),
    ]
