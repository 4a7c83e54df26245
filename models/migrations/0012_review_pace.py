"""Places in the review queues and how long reviews take; what waits keeps its place."""

from datetime import UTC, datetime

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

QUEUED = "SELECT id, due_at FROM review_tasks WHERE state <> 'done'"
RANK = "UPDATE review_tasks SET rank_ms = {mark} WHERE id = {mark}"


async def keep_places(apps, editor):
    client = editor.client
    mark = "?" if client.capabilities.dialect == "sqlite" else "%s"
    for row in await client.execute_query_dict(QUEUED):
        due_at = row["due_at"]
        due_at = datetime.fromisoformat(due_at) if isinstance(due_at, str) else due_at
        rank_ms = round(due_at.replace(tzinfo=UTC).timestamp() * 1000)
        await client.execute_query(RANK.format(mark=mark), [rank_ms, row["id"]])


class Migration(migrations.Migration):
    dependencies = [('models', '0011_lockers_and_carriers')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ReviewPace',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('version', fields.IntField(default=1)),
                ('reviews', fields.FloatField()),
                ('minutes', fields.FloatField()),
                ('learned_on', fields.DateField()),
            ],
            options={'table': 'review_paces', 'app': 'models', 'pk_attr': 'id', 'table_description': 'How long reviews of an item, by its code, took lately.'},
            bases=['Model'],
        ),
        ops.RemoveIndex(
            model_name='ReviewTask',
            name=None,
            fields=['point_code', 'state', 'due_at'],
        ),
        ops.AddField(
            model_name='ReviewTask',
            name='claimed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='ReviewTask',
            name='rank_ms',
            field=fields.BigIntField(default=0),
        ),
        ops.AddIndex(
            model_name='ReviewTask',
            index=Index(fields=['point_code', 'state', 'rank_ms']),
        ),
        ops.AddIndex(
            model_name='ReviewTask',
            index=Index(fields=['state', 'rank_ms']),
        ),
        ops.AddIndex(
            model_name='ReviewTask',
            index=Index(fields=['point_code', 'claimed_at']),
        ),
        ops.RunPython(keep_places),
    ]
