"""What things can be, apart from the states they go through: enums without tables."""

from enum import StrEnum


class PointLevel(StrEnum):
    """Where a point stands in the district."""

    CENTER = "center"
    BRANCH = "branch"
    STREET = "street"
    COMMUNITY = "community"


class AuthorityLevel(StrEnum):
    """At which level a matter is decided."""

    COMMUNITY = "community"
    STREET = "street"
    DISTRICT = "district"
    CITY = "city"


class ItemKind(StrEnum):
    """即办件, 一审一核件, 承诺件."""

    INSTANT = "instant"
    ONE_REVIEW = "one_review"
    PROMISED = "promised"


class WindowKind(StrEnum):
    """咨询帮办, 综合受理, 统一出证."""

    CONSULT = "consult"
    ACCEPT = "accept"
    ISSUE = "issue"


class Lane(StrEnum):
    """In which line of a hall somebody stands: 按时预约, 绿色通道, 普通."""

    BOOKED = "booked"
    GREEN = "green"
    PLAIN = "plain"


class HallNewsKind(StrEnum):
    """What the display of a hall is told of a window."""

    CALLED = "called"
    RECALLED = "recalled"
    CLEARED = "cleared"


class OnlineDepth(StrEnum):
    """How much of an item can be done without coming."""

    NONE = "none"
    PRE_REVIEW = "pre_review"
    FULL = "full"


class DayKind(StrEnum):
    """What a calendar entry makes of a date."""

    WORKING = "working"
    HOLIDAY = "holiday"


class HolderKind(StrEnum):
    """Who can hold a case."""

    POINT = "point"
    DEPARTMENT = "department"


class TransferKind(StrEnum):
    """跨级, 跨区."""

    CROSS_LEVEL = "cross_level"
    CROSS_DISTRICT = "cross_district"


class TransferWay(StrEnum):
    """How the materials travel."""

    DIGITAL = "digital"
    MAILED = "mailed"
    CARRIED = "carried"


class Outcome(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    REJECTED = "rejected"


class ParcelPurpose(StrEnum):
    """What a parcel is for."""

    RESULT = "result"
    TRANSFER = "transfer"
    ORIGINAL_CHECK = "original_check"


class OrderState(StrEnum):
    """How far an order at the carrier is."""

    TO_SEND = "to_send"
    WAYBILL_ISSUED = "waybill_issued"
    TO_RECONCILE = "to_reconcile"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class ParcelTaskKind(StrEnum):
    """Why somebody has to look after a parcel: what the carrier told, or does not tell."""

    ATTEMPT_FAILED = "attempt_failed"
    RETURNED = "returned"
    LOST = "lost"
    MISSING = "missing"
    DOUBLED = "doubled"
    SILENT = "silent"
    UNKNOWN_WAYBILL = "unknown_waybill"
    ADDRESS_TO_CHECK = "address_to_check"
    ADDRESS_REFUSED = "address_refused"
    NOT_COLLECTED = "not_collected"
    LOCKER_OVERDUE = "locker_overdue"


class StayPurpose(StrEnum):
    """What lies in a locker's cell: materials for a department, or a result for a citizen."""

    DEPOSIT = "deposit"
    RESULT = "result"


class Direction(StrEnum):
    """Which way a hand-over goes at a point."""

    OUT = "out"
    IN = "in"


class Assurance(StrEnum):
    """How sure we are that an identity is whose it is said to be, rising."""

    DECLARED = "declared"
    PHONE_MATCHED = "phone_matched"
    VERIFIED = "verified"
    SEEN_AT_WINDOW = "seen_at_window"


class OriginKind(StrEnum):
    """What somebody logged in from is known by."""

    DEVICE = "device"
    ADDRESS = "address"


class SessionKind(StrEnum):
    """Whose session it is."""

    CITIZEN = "citizen"
    STAFF = "staff"
    COURIER = "courier"


class StaffRole(StrEnum):
    """What a member of staff is there for, one account holds exactly one."""

    CLERK = "clerk"
    MANAGER = "manager"
    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class NoticeState(StrEnum):
    """How far a message is."""

    TO_SEND = "to_send"
    SENT = "sent"
    REFUSED = "refused"
    UNSENDABLE = "unsendable"


class OfferCause(StrEnum):
    """Why a place is held for somebody who did not pick it."""

    WAITLIST = "waitlist"
    CLOSURE = "closure"
