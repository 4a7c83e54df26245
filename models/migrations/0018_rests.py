from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import RefField

class Migration(migrations.Migration):
    dependencies = [('models', '0017_rosters')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Release',
            name='visit_id',
            field=RefField(null=True, unique=True),
        ),
    ]
