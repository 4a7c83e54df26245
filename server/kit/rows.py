"""Answers that show a row as it is."""

from typing import Self

from server.kit.http.schemas import Outgoing


class RowOut(Outgoing):
    """An answer each of whose fields is a column of the same name."""

    @classmethod
    def of(cls, row: object) -> Self:
        """Show a row."""
        return cls.model_validate(row, from_attributes=True)
