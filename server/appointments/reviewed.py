"""What this capability asks of the pre-review, which stands beside it and not below."""

from collections.abc import Awaitable, Callable

ReviewedItems = Callable[[str, str], Awaitable[frozenset[str]]]
"""Takes a person's id and a pre-review's; returns the items that passed in it, if it is theirs."""


class _Source:
    ask: ReviewedItems


def use_reviewed_items(ask: ReviewedItems) -> None:
    """Let every booking of this process ask `ask`; called once by the composition root."""
    _Source.ask = ask


async def reviewed_items(person_id: str, pre_review_id: str) -> frozenset[str]:
    """Return the items of the person's own pre-review that passed; empty for anybody else's."""
    return await _Source.ask(person_id, pre_review_id)
