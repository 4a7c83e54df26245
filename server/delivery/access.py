"""Who may reach which parcel, order and round; what is not theirs is not there."""

from tortoise.queryset import QuerySet

from models.delivery import CourierOrder, LockerStay, Parcel, ParcelTask, PickupRound
from server.kit.access import Actor, found


async def access_own_parcel(person_id: str, parcel_id: str) -> Parcel:
    """Return a parcel that goes to this citizen."""
    return found(await Parcel.get_or_none(id=parcel_id, person_id=person_id))


async def access_desk_parcel(point_code: str, parcel_id: str) -> Parcel:
    """Return a parcel that was packed at the actor's point."""
    return found(await Parcel.get_or_none(id=parcel_id, point_code=point_code))


async def access_desk_order(point_code: str, order_id: str) -> CourierOrder:
    """Return an order for a parcel that was packed at the actor's point."""
    order = found(await CourierOrder.get_or_none(id=order_id))
    await access_desk_parcel(point_code, order.parcel_id)
    return order


async def access_desk_task(point_code: str, task_id: str) -> ParcelTask:
    """Return what is to be done about a parcel of the actor's point, done or not."""
    return found(await ParcelTask.get_or_none(id=task_id, point_code=point_code))


async def access_own_stay(person_id: str, stay_id: str) -> LockerStay:
    """Return what a citizen put into a locker, or has waiting there."""
    return found(await LockerStay.get_or_none(id=stay_id, person_id=person_id))


async def access_staff_stay(actor: Actor, stay_id: str) -> LockerStay:
    """Return what lies in a locker at the actor's point, or concerns his department."""
    return found(await stays_of_staff(actor).filter(id=stay_id).first())


def stays_of_staff(actor: Actor) -> "QuerySet[LockerStay]":
    """Return the query of the stays that a point or a department has to do with."""
    if actor.department_code is not None:
        return LockerStay.filter(department_code=actor.department_code)
    return LockerStay.filter(point_code=actor.point_code or "")


async def access_desk_round(point_code: str, round_id: str) -> PickupRound:
    """Return a round of the actor's point."""
    return found(await PickupRound.get_or_none(id=round_id, point_code=point_code))


async def access_round(courier: Actor, round_id: str) -> PickupRound:
    """Return a round of a point on the courier's tour."""
    return found(
        await PickupRound.get_or_none(id=round_id, point_code__in=sorted(courier.point_codes))
    )
