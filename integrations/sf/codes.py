"""The platform's code tables in our words."""

from integrations.contracts.carrier import LabelSize, Reach, TrackStep

CREATE_ORDER = "EXP_RECE_CREATE_ORDER"
FIND_ORDER = "EXP_RECE_SEARCH_ORDER_RESP"
UPDATE_ORDER = "EXP_RECE_UPDATE_ORDER"
SEARCH_ROUTES = "EXP_RECE_SEARCH_ROUTES"
CHECK_REACH = "EXP_RECE_FILTER_ORDER_BSP"
PRINT_WAYBILLS = "COM_RECE_CLOUD_PRINT_WAYBILLS"

ACCEPTED = "A1000"
BUSY = frozenset({"A1005", "A1009", "A1099"})
"""Too many calls, the service behind does not answer, a fault of the platform."""

DONE = "S0000"
KNOWN_ORDER = "8016"
ALREADY_CANCELLED = "8037"

CANCEL = 2
"""`dealType` of an update that cancels."""

TEMPLATES = {
    LabelSize.MM_76_129: "fm_76130_standard_{partner_id}",
    LabelSize.MM_100_179: "fm_180_standard_{partner_id}",
}

REACHES = {"2": Reach.REACHED, "3": Reach.OUT_OF_RANGE}
"""`filterResult`; 1 means that a person there decides."""

STEPS = {
    "50": TrackStep.COLLECTED,
    "54": TrackStep.COLLECTED,
    "30": TrackStep.IN_TRANSIT,
    "31": TrackStep.IN_TRANSIT,
    "36": TrackStep.IN_TRANSIT,
    "44": TrackStep.OUT_FOR_DELIVERY,
    "204": TrackStep.OUT_FOR_DELIVERY,
    "125": TrackStep.WAITING_AT_POINT,
    "33": TrackStep.ATTEMPT_FAILED,
    "70": TrackStep.ATTEMPT_FAILED,
    "80": TrackStep.DELIVERED,
    "99": TrackStep.RETURNING,
    "517": TrackStep.RETURNING,
    "648": TrackStep.RETURNING,
}
"""`opCode` of a route. Published tables disagree beyond these; what is missing says nothing."""

STATELESS = frozenset({"607", "8000"})
"""Papers and photographs of a signature."""


def is_known(code: str) -> bool:
    """Whether the tables above say what an operation code means."""
    return code in STEPS or code in STATELESS
