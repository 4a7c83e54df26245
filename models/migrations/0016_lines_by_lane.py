from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

# Whoever missed a call is a plain number by lane too.
LOST = "UPDATE queue_tickets SET lane = 'plain' WHERE misses > 0 AND state = 'waiting'"


async def let_lanes_be_lost(apps, editor):
    await editor.client.execute_query(LOST)


class Migration(migrations.Migration):
    dependencies = [('models', '0015_draws')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='QueueTicket',
            name=None,
            fields=['point_code', 'day', 'state', 'kind', 'rank_at'],
        ),
        ops.AddIndex(
            model_name='QueueTicket',
            index=Index(fields=['point_code', 'day', 'state', 'kind', 'lane', 'rank_at']),
        ),
        ops.RunPython(let_lanes_be_lost),
    ]
