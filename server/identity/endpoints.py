"""Ways in: citizens by WeChat, staff by password and one-time code, couriers by password."""

from models.people import Person, WechatAccount
from server.audit.service import record
from server.identity import citizens, endpoints_relatives, staff
from server.identity.errors import (
    IdentityFixed,
    IdentityTaken,
    IdNumberInvalid,
    LoginCodeRefused,
    LoginFailed,
)
from server.identity.schemas import (
    CitizenOut,
    CitizenSessionOut,
    CodeIn,
    CourierLoginIn,
    IdentityIn,
    StaffLoginIn,
    StaffOut,
    StaffSessionOut,
)
from server.identity.sessions import end_session
from server.kit.access import ALL_STAFF, CITIZENS, COURIERS, EVERYBODY
from server.kit.http.call import Call
from server.kit.http.limits import Limited
from server.kit.http.routes import Surface

citizen = Surface("/citizen", tag="identity")
desk = Surface("/desk", tag="identity_desk")
courier = Surface("/courier", tag="identity_courier")
SURFACES = (citizen, desk, courier, *endpoints_relatives.SURFACES)

OUTSIDE = {"is_transactional": False, "is_keyed": False}
LOGIN = {**OUTSIDE, "limited": Limited.LOGIN}
"""These call somebody else first, or have an id of their own: the login code."""


@citizen.post("/login", allows=EVERYBODY, refuses=(LoginCodeRefused,), **LOGIN)
async def login(call: Call[CodeIn, None]) -> CitizenSessionOut:
    """Exchange a `wx.login` code for a session."""
    account, session = await citizens.log_in(
        call.body.code, origin=call.origin, ports=call.ports, now=call.now
    )
    return CitizenSessionOut(
        token=session.token,
        expires_in_s=session.expires_in_s,
        citizen=CitizenOut.of(account, await _person_of(account)),
    )


@citizen.post("/phone", allows=CITIZENS, refuses=(LoginCodeRefused,), **OUTSIDE)
async def phone(call: Call[CodeIn, None]) -> CitizenOut:
    """Note the phone number that a WeChat phone code stands for."""
    account = await citizens.take_phone(call.body.code, account_id=call.actor.id, ports=call.ports)
    return CitizenOut.of(account, await _person_of(account))


@citizen.put("/identity", allows=CITIZENS, refuses=(IdNumberInvalid, IdentityTaken, IdentityFixed))
async def claim_identity(call: Call[IdentityIn, None]) -> CitizenOut:
    """Say who one is: name and identity number, checked by its check digit."""
    account, person = await citizens.claim_identity(
        call.actor.id, name=call.body.name, id_number=call.body.id_number, now=call.now
    )
    await record(
        actor=call.actor,
        action="identity.claim",
        subject="person",
        subject_id=person.id,
        now=call.now,
        request_id=call.request_id,
    )
    return CitizenOut.of(account, person)


@citizen.get("/me", allows=CITIZENS)
async def me(call: Call) -> CitizenOut:
    """Show the account and the person it stands for, masked."""
    account = await citizens.get_account(call.actor.id)
    return CitizenOut.of(account, await _person_of(account))


@desk.post("/login", allows=EVERYBODY, refuses=(LoginFailed,), **LOGIN)
async def desk_login(call: Call[StaffLoginIn, None]) -> StaffSessionOut:
    """Log a member of staff in by password and one-time code."""
    account, session = await staff.log_in_staff(
        call.body.login,
        password=call.body.password.get_secret_value(),
        totp=call.body.totp,
        ports=call.ports,
        now=call.now,
    )
    shown = StaffOut(
        id=account.id,
        display_name=account.display_name,
        role=account.role,
        point_code=account.point_code,
        department_code=account.department_code,
    )
    return StaffSessionOut(token=session.token, expires_in_s=session.expires_in_s, staff=shown)


@courier.post("/login", allows=EVERYBODY, refuses=(LoginFailed,), **LOGIN)
async def courier_login(call: Call[CourierLoginIn, None]) -> StaffSessionOut:
    """Log a courier in by password."""
    account, session = await staff.log_in_courier(
        call.body.login,
        password=call.body.password.get_secret_value(),
        ports=call.ports,
        now=call.now,
    )
    shown = StaffOut(id=account.id, display_name=account.display_name, role="courier")
    return StaffSessionOut(token=session.token, expires_in_s=session.expires_in_s, staff=shown)


@citizen.delete("/session", allows=CITIZENS)
async def end_citizen_session(call: Call) -> None:
    """Log out."""
    await _end(call)


@desk.delete("/session", allows=ALL_STAFF)
async def end_desk_session(call: Call) -> None:
    """Log out."""
    await _end(call)


@courier.delete("/session", allows=COURIERS)
async def end_courier_session(call: Call) -> None:
    """Log out."""
    await _end(call)


async def _end(call: Call) -> None:
    token = call.headers["authorization"].partition(" ")[2].strip()
    await end_session(token, now=call.now)


async def _person_of(account: WechatAccount) -> Person | None:
    return await Person.get_or_none(id=account.person_id) if account.person_id else None
