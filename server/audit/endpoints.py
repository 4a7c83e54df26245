"""The trail for supervisors."""

from server.audit.schemas import AuditEntryOut, AuditQuery
from server.audit.service import entries_of
from server.kit.access import DISTRICT
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page

district = Surface("/district", tag="audit")
SURFACES = (district,)


@district.get("/audit", allows=DISTRICT)
async def list_entries(call: Call[None, AuditQuery]) -> Page[AuditEntryOut]:
    """List what was done to one thing and who saw it, first to last."""
    query = call.query
    rows = await entries_of(
        query.subject,
        query.subject_id,
        after_id=int(query.cursor or 0),
        limit=query.limit + 1,
    )
    shown = rows[: query.limit]
    cursor = str(shown[-1].id) if len(rows) > len(shown) else None
    return Page(items=[AuditEntryOut.of(row) for row in shown], next_cursor=cursor)
