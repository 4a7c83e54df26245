"""What the kit keeps only for a while is forgotten, what is needed stays."""

from datetime import timedelta

from models.bookkeeping import IdempotencyKey, InboxRow, OutboxRow
from server.kit.housekeeping import BATCH, forget_what_is_over

WEEK, MOMENT = timedelta(days=7), timedelta(seconds=1)


def keep_key(name, expires_at):
    return IdempotencyKey(
        actor="a", key=name, fingerprint="", created_at=expires_at, expires_at=expires_at
    )


async def keep_news(name, now, **columns):
    facts = {"topic": "t", "consumer": "c", "aggregate": "a", "aggregate_id": name, "payload": {}}
    return await OutboxRow.create(
        **facts, dedupe_key=name, created_at=now, available_at=now, **columns
    )


async def test_a_backlog_of_expired_keys_goes_and_a_live_one_stays(ports):
    now = ports.now()
    old = [keep_key(f"old {number}", now) for number in range(BATCH * 2 + 1)]
    await IdempotencyKey.bulk_create([*old, keep_key("live", now + MOMENT)])
    await forget_what_is_over(ports)
    assert await IdempotencyKey.all().values_list("key", flat=True) == ["live"]


async def test_only_news_that_was_handed_over_a_week_ago_is_forgotten(ports):
    now = ports.now()
    await keep_news("done long ago", now, done_at=now - WEEK - MOMENT)
    await keep_news("done this week", now, done_at=now - WEEK)
    await keep_news("blocked long ago", now - 2 * WEEK, blocked_at=now - 2 * WEEK)
    await forget_what_is_over(ports)
    kept = await OutboxRow.all().order_by("id").values_list("dedupe_key", flat=True)
    assert kept == ["done this week", "blocked long ago"]


async def test_only_messages_of_more_than_a_week_ago_are_forgotten(ports):
    now = ports.now()
    for name, received_at in (("old", now - WEEK - MOMENT), ("young", now - WEEK)):
        await InboxRow.create(source="s", external_id=name, received_at=received_at)
    await forget_what_is_over(ports)
    assert await InboxRow.all().values_list("external_id", flat=True) == ["young"]
