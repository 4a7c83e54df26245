"""Labels by size of paper."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from integrations.contracts.carrier import LabelSize
from models.fields import IdField, RefField, new_id
from tortoise import fields

KEEP = (
    "INSERT INTO shipping_labels (id, parcel_id, size, blob_key, drawn_at) "
    "SELECT id, id, '76x129', label_key, created_at FROM parcels WHERE label_key <> ''"
)


async def keep_labels(apps, editor):
    await editor.client.execute_query(KEEP)


class Migration(migrations.Migration):
    dependencies = [('models', '0002_walls')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ShippingLabel',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('parcel_id', RefField()),
                ('size', fields.CharEnumField(description='MM_76_129: 76x129\nMM_100_179: 100x179', enum_type=LabelSize, max_length=16)),
                ('blob_key', fields.CharField(max_length=64)),
                ('drawn_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'shipping_labels', 'app': 'models', 'unique_together': (('parcel_id', 'size'),), 'pk_attr': 'id', 'table_description': "面单: the carrier's label of a parcel on one size of paper, once."},
            bases=['Model'],
        ),
        ops.RunPython(keep_labels),
        ops.RemoveField(model_name='Parcel', name='label_key'),
    ]
