"""How the catalogue turns requests down."""

from server.kit.errors import InvalidShape, NotFound, Refusal


class UnknownItem(NotFound):
    """No item of that code is in force."""

    code = "unknown_item"


class UnknownPoint(NotFound):
    """There is no service point of that code."""

    code = "unknown_point"


class UnknownDepartment(NotFound):
    """There is no department of that code."""

    code = "unknown_department"


class SpanTooLong(InvalidShape):
    """More days than are shown at once, or the last before the first."""

    code = "span_too_long"


class ArrangementIncomplete(InvalidShape):
    """Not the arrangement of a year: a day of another year, one named twice, no New Year's Day."""

    code = "arrangement_incomplete"


class VisitsInTheWay(Refusal):
    """People have places where this would close: a closure has to be applied there first."""

    code = "visits_in_the_way"


class CatalogueInvalid(ValueError):
    """Files of a catalogue that cannot be imported; `problems` names each place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems[:20]))
        self.problems = problems
