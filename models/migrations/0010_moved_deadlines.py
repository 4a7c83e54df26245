from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import IdField, RefField, new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [("models", "0009_relatives")]

    initial = False

    operations = [
        ops.CreateModel(
            name='MovedDeadline',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case_id', RefField()),
                ('change_key', fields.CharField(max_length=64)),
                ('case_no', fields.CharField(max_length=32)),
                ('point_code', fields.CharField(max_length=16)),
                ('holder_code', fields.CharField(max_length=16)),
                ('was_due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('moved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'moved_deadlines', 'app': 'models', 'unique_together': (('case_id', 'change_key'),), 'indexes': [Index(fields=['change_key', 'id'])], 'pk_attr': 'id', 'table_description': '时限变动: a deadline that a changed calendar moved, once for each change and case.'},
            bases=['Model'],
        ),
    ]
