"""Who may reach which parcel, order and round; what is not theirs is not there."""

from models.delivery import CourierOrder, Parcel, ParcelTask, PickupRound
from server.kit.access import Actor
from server.kit.errors import NotFound


async def access_own_parcel(person_id: str, parcel_id: str) -> Parcel:
    """Return a parcel that goes to this citizen."""
    return _found(await Parcel.get_or_none(id=parcel_id, person_id=person_id))


async def access_desk_parcel(point_code: str, parcel_id: str) -> Parcel:
    """Return a parcel that was packed at the actor's point."""
    return _found(await Parcel.get_or_none(id=parcel_id, point_code=point_code))


async def access_desk_order(point_code: str, order_id: str) -> CourierOrder:
    """Return an order for a parcel that was packed at the actor's point."""
    order = await CourierOrder.get_or_none(id=order_id)
    if order is None:
        raise NotFound
    await access_desk_parcel(point_code, order.parcel_id)
    return order


async def access_desk_task(point_code: str, task_id: str) -> ParcelTask:
    """Return what is to be done about a parcel of the actor's point, done or not."""
    task = await ParcelTask.get_or_none(id=task_id, point_code=point_code)
    if task is None:
        raise NotFound
    return task


async def access_round(courier: Actor, round_id: str) -> PickupRound:
    """Return a round of a point on the courier's tour."""
    round_ = await PickupRound.get_or_none(id=round_id, point_code__in=sorted(courier.point_codes))
    if round_ is None:
        raise NotFound
    return round_


def _found(parcel: Parcel | None) -> Parcel:
    if parcel is None:
        raise NotFound
    return parcel
