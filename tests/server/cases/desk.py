"""Everybody who has to do with a case, over HTTP, and what lies before them."""

from dataclasses import dataclass
from uuid import uuid4

import httpx

from models.bookkeeping import OutboxRow
from models.cases import Case
from models.delivery import Parcel
from models.kinds import ParcelPurpose, SessionKind, StaffRole, WindowKind
from models.people import Person
from models.prereview import PreReview
from models.queueing import QueueTicket
from models.staff import StaffAccount
from models.states import ParcelState, PreReviewState, TicketState
from server.catalog.rules import local_day
from server.delivery.events import ParcelCollected, ParcelEnded
from server.identity.sessions import open_session
from server.kit.outbox import emit
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from tests.support.papers import make_citizen
from tests.support.relaying import relay_all

STREET, OTHER_STREET, COMMUNITY = "350102001000", "350102002000", "350102001004"
CIVIL, CIVIL_OF_STREET, HEALTH = "350102-MZ", "350102-MZ-ST", "350102-WJ"

DIRECT = "GL0003"
"""Decided at the street that takes it in, in 10 days of 20; mailed."""
SENT_ON = "GL0004"
"""Taken in at a street, decided by the district's civil affairs; mailed."""
NOT_MAILED = "GL0018"
"""Taken in at a street, decided by the district's health office."""
INSTANT = "GL0016"
"""Taken in by a community, decided at once by the street."""

ADDRESS = {
    "name": "李四",
    "phone": "13900001234",
    "province": "四川省",
    "city": "成都市",
    "county": "武侯区",
    "address": "某路5号4单元",
}


@dataclass
class Someone:
    """A person at a keyboard; a new session for each request, so that days may pass."""

    http: httpx.AsyncClient
    ports: Ports
    kind: SessionKind
    id: str
    person_id: str | None = None

    async def get(self, path):
        return await self.http.get(path, headers=await self._headers())

    async def post(self, path, body=None):
        return await self.http.post(path, json=body or {}, headers=await self._headers())

    async def put(self, path, body):
        return await self.http.put(path, json=body, headers=await self._headers())

    async def case(self, case_no, verb, **body):
        """Do something with a case at a desk."""
        return await self.post(f"/desk/cases/{case_no}/{verb}", body)

    async def _headers(self):
        session = await in_transaction(
            lambda: open_session(self.kind, self.id, ports=self.ports, now=self.ports.now())
        )
        return {"authorization": f"Bearer {session.token}", "idempotency-key": uuid4().hex}


class Town:
    """Makes people, tickets, papers and cases."""

    def __init__(self, http, ports):
        self.http = http
        self.ports = ports

    async def staff(self, role, *, point_code=None, department_code=None):
        account = await StaffAccount.create(
            login=uuid4().hex,
            display_name="工作人员",
            role=StaffRole(role),
            point_code=point_code,
            department_code=department_code,
            password_hash="none",
            totp_secret="none",
            created_at=self.ports.now(),
        )
        return Someone(self.http, self.ports, SessionKind.STAFF, account.id)

    async def clerk(self, point_code=STREET):
        return await self.staff("clerk", point_code=point_code)

    async def handler(self, department_code=CIVIL):
        return await self.staff("handler", department_code=department_code)

    async def citizen(self, number=1):
        actor = await make_citizen(number)
        return Someone(self.http, self.ports, SessionKind.CITIZEN, actor.id, actor.person_id)

    async def card_of(self, citizen):
        """What an identity card says."""
        person = await Person.get(id=citizen.person_id)
        return {"name": person.name, "id_number": person.id_number}

    async def receive(self, clerk, citizen, item=DIRECT):
        """Take papers in; return the number of the case."""
        body = {"item_code": item, "person": await self.card_of(citizen)}
        answer = await clerk.post("/desk/cases", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["case_no"]

    async def accept(self, clerk, citizen, item=DIRECT):
        """Take papers in and accept them."""
        case_no = await self.receive(clerk, citizen, item)
        assert (await clerk.case(case_no, "accept")).status_code == 200
        return case_no

    async def ticket(self, citizen, *, point_code=STREET, state=TicketState.SERVING):
        now = self.ports.now()
        return await QueueTicket.create(
            point_code=point_code,
            day=local_day(now),
            series="A",
            number=await QueueTicket.all().count() + 1,
            kind=WindowKind.ACCEPT,
            person_id=citizen.person_id,
            appointment_id=uuid4().hex,
            item_codes=[DIRECT],
            state=state,
            rank_at=now,
            taken_at=now,
        )

    async def pre_review(self, citizen, *, item=DIRECT, state=PreReviewState.PASSED):
        return await PreReview.create(
            person_id=citizen.person_id,
            account_id=citizen.id,
            item_code=item,
            item_version=1,
            state=state,
            touched_at=self.ports.now(),
            created_at=self.ports.now(),
        )

    async def relay(self):
        """Hand over all news that is due; what cases hear of never fails."""
        await relay_all(self.ports)
        heard = OutboxRow.filter(consumer__startswith="cases.", last_error__not="")
        assert await heard.values_list("consumer", "last_error") == []

    async def collect(self, parcel):
        """Let the carrier have a parcel."""
        await self._tell(ParcelCollected, parcel)

    async def end(self, parcel, state=ParcelState.DELIVERED):
        """Let a parcel's way end."""
        await self._tell(ParcelEnded, parcel, state=state)

    async def _tell(self, kind, parcel, **more):
        event = kind(
            aggregate_id=parcel.id,
            case_id=parcel.case_id,
            transfer_id=parcel.transfer_id,
            purpose=parcel.purpose,
            **more,
        )
        await in_transaction(lambda: emit(event, now=self.ports.now()))
        await self.relay()


async def parcel_of(case_no, purpose=ParcelPurpose.RESULT):
    """The one parcel of a case."""
    case = await Case.get(case_no=case_no)
    return await Parcel.get(case_id=case.id, purpose=purpose)


def assert_refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
