"""How uploads are turned down."""

from server.kit.errors import Malformed, NotFound, Refusal, TooMany


class UploadUnreadable(Malformed):
    """The body holds no file that can be received; `data.reason` says why."""

    code = "upload_unreadable"


class FileNotAccepted(Refusal):
    """The file was received, looked at and refused; `data.reason` says why, nothing is kept."""

    code = "file_not_accepted"
    status = 422


class UploadQuotaReached(TooMany):
    """The person has uploaded as many files today as one day allows."""

    code = "upload_quota_reached"


class NotViewable(Refusal):
    """The file is still being checked, was refused, or has been deleted."""

    code = "attachment_not_viewable"


class FileLost(NotFound):
    """The file is on record, its bytes are not."""

    code = "attachment_file_lost"
