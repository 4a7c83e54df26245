"""Files handed out, and who has seen one's own."""

from server.attachments.access import access_attachment_at_desk, access_own_attachment
from server.attachments.errors import FileLost, NotViewable
from server.attachments.repository import list_views
from server.attachments.schemas import FileViewOut, FileViewsQuery
from server.attachments.service import open_attachment
from server.kit.access import CASE_STAFF, CITIZENS
from server.kit.errors import NotFound
from server.kit.http.call import Call, Content, RealNameRequired
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page

citizen = Surface("/citizen", tag="attachments")
desk = Surface("/desk", tag="attachments_desk")
SURFACES = (citizen, desk)

ANY_FILE = "*/*"


@citizen.get(
    "/attachments/<attachment_id>",
    allows=CITIZENS,
    refuses=(NotFound, NotViewable, FileLost, RealNameRequired),
    media_type=ANY_FILE,
)
async def own_file(call: Call) -> Content:
    """Download a file of one's own, as it was rewritten."""
    attachment = await access_own_attachment(call.path["attachment_id"], person_id=call.person_id)
    return await open_attachment(
        attachment, call.actor, purpose="own", request_id=call.request_id, ports=call.ports
    )


@desk.get(
    "/attachments/<attachment_id>",
    allows=CASE_STAFF,
    refuses=(NotFound, NotViewable, FileLost),
    media_type=ANY_FILE,
)
async def file_at_desk(call: Call) -> Content:
    """Open a file for the work at hand; its owner can see that it was opened."""
    attachment, purpose = await access_attachment_at_desk(
        call.path["attachment_id"], actor=call.actor, now=call.now
    )
    return await open_attachment(
        attachment, call.actor, purpose=purpose, request_id=call.request_id, ports=call.ports
    )


@citizen.get("/file-views", allows=CITIZENS, refuses=(RealNameRequired,))
async def file_views(call: Call[None, FileViewsQuery]) -> Page[FileViewOut]:
    """List who has seen one's files (谁看过我的材料), newest first."""
    query = call.query
    before_id = int(query.cursor) if query.cursor else None
    rows = await list_views(call.person_id, before_id=before_id, limit=query.limit + 1)
    shown = rows[: query.limit]
    return Page(
        items=[FileViewOut.of(row) for row in shown],
        next_cursor=str(shown[-1].id) if len(rows) > len(shown) else None,
    )
