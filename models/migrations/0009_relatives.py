from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import DigestField, IdField, ProtectedField, RefField, new_id
from models.states import RelativeState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [("models", "0008_closures")]

    initial = False

    operations = [
        ops.CreateModel(
            name='Relative',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account_id', RefField()),
                ('name', ProtectedField(unique=False)),
                ('id_number', ProtectedField(unique=False)),
                ('id_digest', DigestField()),
                ('person_id', RefField(null=True)),
                ('open', fields.BooleanField(null=True, default=True)),
                ('state', fields.CharEnumField(description='ASKED: asked\nBOUND: bound\nREFUSED: refused\nENDED: ended', enum_type=RelativeState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'relatives', 'app': 'models', 'unique_together': (('account_id', 'id_digest', 'open'),), 'indexes': [Index(fields=['id_digest', 'open'])], 'pk_attr': 'id', 'table_description': '亲友: somebody for whom an account may book, from the day they agreed.'},
            bases=['Model'],
        ),
    ]
