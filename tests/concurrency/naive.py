"""Booking as it must not be done: read, then write. The race tests must see it oversell."""

import asyncio

from models.appointments import Slot


async def book_naively(slot_id: int, everybody_has_read: asyncio.Barrier) -> bool:
    """Take a place of a slot if there was one when it was looked at."""
    slot = await Slot.get(id=slot_id)
    await everybody_has_read.wait()
    if slot.taken >= slot.capacity:
        return False
    await Slot.filter(id=slot_id).update(taken=slot.taken + 1)
    return True
