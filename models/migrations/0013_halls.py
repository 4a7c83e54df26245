from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import RefField
from models.kinds import HallNewsKind, Lane
from models.states import TicketState
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

# Whoever has a number already stands in the hall.
ARRIVED = "UPDATE queue_tickets SET arrived_at = taken_at WHERE arrived_at IS NULL"


async def let_all_have_arrived(apps, editor):
    await editor.client.execute_query(ARRIVED)


class ListMoreValues(ops.AlterField):
    """An enum grew and its column stays: SQLite would copy the table and lose its keys."""

    async def database_forward(self, *args, **kwargs):
        return None


class Migration(migrations.Migration):
    dependencies = [('models', '0012_review_pace')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Departure',
            fields=[
                ('id', RefField(primary_key=True, unique=True, db_index=True)),
                ('person_id', RefField()),
                ('point_code', fields.CharField(max_length=16)),
                ('is_booking', fields.BooleanField()),
                ('day', fields.DateField()),
                ('travel_minutes', fields.IntField()),
                ('told_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'departures', 'app': 'models', 'indexes': [Index(fields=['day', 'told_at'])], 'pk_attr': 'id', 'table_description': "When to tell somebody to leave for a ticket or a booking, `id` is the ticket's or booking's."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='HallCounter',
            fields=[
                ('point_code', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('last_number', fields.BigIntField(default=0)),
            ],
            options={'table': 'hall_counters', 'app': 'models', 'pk_attr': 'point_code', 'table_description': "The last change of a point's queue, whoever changes it takes this row first."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='HallNews',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('point_code', fields.CharField(max_length=16)),
                ('change', fields.BigIntField()),
                ('kind', fields.CharEnumField(description='CALLED: called\nRECALLED: recalled\nCLEARED: cleared', enum_type=HallNewsKind, max_length=16)),
                ('label', fields.CharField(max_length=16)),
                ('window_no', fields.IntField()),
                ('told_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'hall_news', 'app': 'models', 'unique_together': (('point_code', 'change'),), 'indexes': [Index(fields=['told_at'])], 'pk_attr': 'id', 'table_description': 'What the display of a hall is told, in the order of the changes, a number and a window.'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='QueueTicket',
            options={'table': 'queue_tickets', 'app': 'models', 'unique_together': (('point_code', 'day', 'series', 'number'),), 'indexes': [Index(fields=['point_code', 'day', 'state', 'kind', 'rank_at']), Index(fields=['person_id', 'day']), Index(fields=['state', 'day']), Index(fields=['point_code', 'day', 'called_in'])], 'pk_attr': 'id', 'table_description': '排队号: `rank_at` is the place in its lane, earliest first.'},
        ),
        ListMoreValues(
            model_name='QueueTicket',
            name='state',
            field=fields.CharEnumField(description='WAITING: waiting\nCALLED: called\nSERVING: serving\nDONE: done\nMISSED: missed\nABANDONED: abandoned\nNO_SHOW: no_show\nTRANSFERRED: transferred', enum_type=TicketState, max_length=16),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='arrive_by',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='arrived_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='called_as',
            field=fields.CharEnumField(null=True, description='BOOKED: booked\nGREEN: green\nPLAIN: plain', enum_type=Lane, max_length=16),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='called_in',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='first_called_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='lane',
            field=fields.CharEnumField(default=Lane.PLAIN, description='BOOKED: booked\nGREEN: green\nPLAIN: plain', db_default='plain', enum_type=Lane, max_length=16),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='misses',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='origin_id',
            field=RefField(null=True, unique=True),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='people_before',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='predicted_minutes',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='QueueTicket',
            name='wanted_window_no',
            field=fields.IntField(null=True),
        ),
        ops.AddIndex(
            model_name='QueueTicket',
            index=Index(fields=['state', 'day']),
        ),
        ops.AddIndex(
            model_name='QueueTicket',
            index=Index(fields=['point_code', 'day', 'called_in']),
        ),
        ops.AlterModelOptions(
            name='Window',
            options={'table': 'windows', 'app': 'models', 'unique_together': (('point_code', 'number'),), 'pk_attr': 'id', 'table_description': '窗口: of one kind, `also_kinds` are what it serves besides while it is open.'},
        ),
        ops.AddField(
            model_name='Window',
            name='also_kinds',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.RunPython(let_all_have_arrived),
    ]
