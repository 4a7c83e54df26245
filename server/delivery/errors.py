"""How delivery turns requests down."""

from server.kit.errors import Busy, InvalidShape, Refusal


class LabelFirst(Refusal):
    """A parcel is sealed only when its label is there to be put on."""

    code = "label_first"


class AddressUnclear(InvalidShape):
    """Part of an address is missing, or a city is not in its province."""

    code = "address_unclear"


class AddressTooCoarse(Refusal):
    """The carrier wants the address in more detail."""

    code = "address_too_coarse"


class OutOfRange(Refusal):
    """The carrier does not go to this address."""

    code = "address_out_of_range"


ADDRESS_REFUSALS = (AddressUnclear, AddressTooCoarse, OutOfRange)
"""How an address is turned down that the carrier was asked about."""


class MailCodeEnded(Refusal):
    """The window's code was used by somebody else, or its time is over."""

    code = "mail_code_ended"


class CountDiffers(Refusal):
    """The courier counts other parcels than were scanned; nothing is closed until both agree."""

    code = "count_differs"


class RoundShort(Refusal):
    """Parcels of the round were not taken: closing it must name them as missing."""

    code = "round_short"


class NotBroughtBack(Refusal):
    """The parcel is not with the carrier, so no courier can bring it."""

    code = "not_brought_back"


class NoFreeCell(Refusal):
    """Every cell of the locker is taken."""

    code = "no_free_cell"


class CarrierAway(Busy):
    """The carrier does not answer what only it can tell."""

    code = "carrier_away"


class LabelRefused(Refusal):
    """The carrier draws no label for the parcel, such as one that it cancelled."""

    code = "label_refused"


class AlreadyCollected(Refusal):
    """The courier has the parcel: it can no longer be recalled or sent elsewhere."""

    code = "parcel_already_collected"


class StillUnderWay(Refusal):
    """The parcel, or the one that replaced it, is neither cancelled nor back."""

    code = "parcel_under_way"


class NothingToReconcile(Refusal):
    """The order at the carrier needs no decision, or not this one."""

    code = "nothing_to_reconcile"


class WaybillTaken(Refusal):
    """Another parcel has this waybill number."""

    code = "waybill_taken"


class PushUnreadable(Refusal):
    """A message that is not what the carrier would have sent."""

    code = "push_unreadable"
    status = 400


class TaskDone(Refusal):
    """Somebody else has seen to it already."""

    code = "parcel_task_done"
