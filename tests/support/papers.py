"""Persons, reviewers and uploads for tests that start below HTTP."""

from datetime import UTC, datetime
from io import BytesIO

from PIL import Image

from models.people import WechatAccount
from server.attachments.service import receive_upload
from server.identity.people import register_person
from server.identity.rules import complete_id_number
from server.kit.access import Actor, Role
from server.kit.http.call import Upload
from server.kit.transaction import in_transaction

CENTER, BRANCH = "350102-C", "350102-B"
"""With 12 and 4 reviewers: the only points that take `ITEM`."""
ITEM = "GL0070"
"""Asks for materials 1 and 2, and 3 where it applies."""
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


def picture(colour="white", kind="PNG"):
    """The bytes of a small picture."""
    written = BytesIO()
    Image.new("RGB", (8, 8), colour).save(written, kind)
    return written.getvalue()


def upload_of(content, content_type="image/png"):
    """A body as the pipeline hands it on."""

    async def chunks():
        yield content

    return Upload(content_type=content_type, chunks=chunks())


async def make_citizen(number=1):
    """A citizen with a real name and an account, as an actor."""
    person = await register_person(
        name=f"张三{number}",
        id_number=complete_id_number(f"35010219000101{number:03d}"),
        now=LONG_AGO,
    )
    account = await WechatAccount.create(
        openid=f"openid-{number}",
        openid_digest=f"{number:064d}",
        person_id=person.id,
        created_at=LONG_AGO,
    )
    return Actor(Role.CITIZEN, id=account.id, person_id=person.id)


def clerk(number=1, point_code=CENTER):
    """A clerk of a point, as an actor."""
    return Actor(Role.CLERK, id=f"{number:032d}", point_code=point_code)


async def take_in(ports, citizen, content=None):
    """Receive a picture from a citizen, or these bytes."""
    upload = upload_of(picture() if content is None else content)
    return await receive_upload(upload, citizen.person_id, actor=citizen, ports=ports)


async def together(work):
    """Run `work` in a transaction."""
    return await in_transaction(work)
