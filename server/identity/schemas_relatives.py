"""What goes out about relatives."""

from typing import Self

from models.people import Person, Relative
from models.states import RelativeState
from server.kit.http.schemas import Outgoing
from server.kit.masking import mask_id_number, mask_name


class RelativeOut(Outgoing):
    """A line between an account and a person, masked; `is_mine` if the account is one's own.

    `asked_by` is whose account it is.
    """

    id: str
    is_mine: bool
    name: str
    id_number: str
    state: RelativeState
    asked_by: str

    @classmethod
    def of(cls, row: Relative, *, is_mine: bool, asker: Person) -> Self:
        """Show a line."""
        return cls(
            id=row.id,
            is_mine=is_mine,
            name=mask_name(row.name),
            id_number=mask_id_number(row.id_number),
            state=row.state,
            asked_by=mask_name(asker.name),
        )


class RelativesOut(Outgoing):
    """All lines of an account and its person: a family's, so no pages."""

    items: list[RelativeOut]
