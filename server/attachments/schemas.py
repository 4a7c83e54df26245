"""What the routes of attachments take and give."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from models.attachments import FileView
from server.kit.http.schemas import LONGEST_PAGE, Incoming, Outgoing
from server.kit.messages import text


class FileViewsQuery(Incoming):
    """Which part of the list."""

    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 20
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")] | None = None


class FileViewOut(Outgoing):
    """Who saw which file, when and what for."""

    attachment_id: str
    viewer_name: str
    purpose: str
    viewed_at: datetime

    @classmethod
    def of(cls, view: FileView) -> Self:
        """Show one viewing."""
        return cls(
            attachment_id=view.attachment_id,
            viewer_name=view.viewer_name,
            purpose=text(f"purpose_{view.purpose}"),
            viewed_at=view.viewed_at,
        )
