from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import IdField, RefField, new_id
from models.states import AbsenceState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0016_lines_by_lane')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Absence',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('point_code', fields.CharField(max_length=16)),
                ('staff_id', RefField()),
                ('day', fields.DateField()),
                ('open', fields.BooleanField(null=True, default=True)),
                ('window_number', fields.IntField(null=True)),
                ('backup_id', RefField(null=True)),
                ('closure_id', RefField(null=True)),
                ('state', fields.CharEnumField(description='RECORDED: recorded\nWITHDRAWN: withdrawn', enum_type=AbsenceState, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('recorded_by', fields.CharField(max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'absences', 'app': 'models', 'unique_together': (('staff_id', 'day', 'open'),), 'indexes': [Index(fields=['point_code', 'day'])], 'pk_attr': 'id', 'table_description': '缺岗: somebody is not there on a day.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Duty',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('point_code', fields.CharField(max_length=16)),
                ('weekday', fields.IntField()),
                ('window_number', fields.IntField()),
                ('staff_id', RefField()),
                ('backup_id', RefField()),
            ],
            options={'table': 'duties', 'app': 'models', 'unique_together': (('point_code', 'weekday', 'window_number'), ('point_code', 'weekday', 'staff_id')), 'pk_attr': 'id', 'table_description': 'AB岗: who staffs a window on a weekday (0 = Monday), and who stands in for them.'},
            bases=['Model'],
        ),
    ]
