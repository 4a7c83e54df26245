from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0018_rests')]

    initial = False

    operations = [
        ops.AddField(
            model_name='QueueTicket',
            name='naive_minutes',
            field=fields.FloatField(null=True),
        ),
    ]
