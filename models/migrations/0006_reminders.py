from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [("models", "0005_offers")]

    initial = False

    operations = [
        ops.AddField(
            model_name='Appointment',
            name='reminded_hours',
            field=fields.IntField(null=True),
        ),
    ]
