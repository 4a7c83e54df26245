"""Counters that never go below zero, as walls in the database."""

from tortoise import migrations
from tortoise.migrations import operations as ops

CHECKS = (
    ("slots", "slot_taken_not_negative", "taken >= 0"),
    ("booking_allowances", "allowance_live_not_negative", "live >= 0"),
)
ADD = "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check})"
# SQLite adds no constraint to a table that exists.
TRIGGER = (
    "CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN NOT (NEW.{check}) "
    "BEGIN SELECT RAISE(ABORT, '{name}'); END"
)


async def build_walls(apps, editor):
    dialect = editor.client.capabilities.dialect
    statement = TRIGGER if dialect == "sqlite" else ADD
    for table, name, check in CHECKS:
        await editor.client.execute_query(statement.format(table=table, name=name, check=check))


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    operations = [ops.RunPython(build_walls)]
