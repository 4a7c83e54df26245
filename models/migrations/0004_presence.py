from tortoise import migrations
from tortoise.migrations import operations as ops
from models.states import PresenceState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0003_labels_by_size')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PointPresence',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('state', fields.CharEnumField(description='PRESENT: present\nSILENT: silent\nEVACUATED: evacuated', enum_type=PresenceState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('heard_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'point_presences', 'app': 'models', 'indexes': [Index(fields=['state', 'heard_at'])], 'pk_attr': 'id', 'table_description': 'Whether a point is there, by its code, and when its desks were last heard.'},
            bases=['Model'],
        ),
    ]
