"""Every error that Telecine raises on purpose.

    TelecineError                      code                    what happened
    ├── InvalidRequestError            invalid_request         a field is missing or wrong; `field` names it
    │   ├── MissingFileError           missing_file            the form came without a file
    │   ├── ChecksumError              checksum_mismatch       the bytes are not those whose checksum was told
    │   ├── MethodError                method_not_allowed      the URL takes another method
    │   └── InvalidDocumentError       invalid_document        a composition has faults; `problems` lists them
    ├── RequestTimeoutError            request_timeout         the body stood still, or trickled
    ├── AuthenticationError            invalid_key             (family of five)
    │   ├── MissingKeyError            missing_key             no key was sent
    │   ├── MalformedKeyError          malformed_key           wrong prefix, length or checksum
    │   ├── UnknownKeyError            unknown_key             well formed, not ours
    │   ├── RevokedKeyError            revoked_key             ours, switched off
    │   └── UnknownOwnerError          unknown_owner           ours, but its account is gone
    ├── ForbiddenError                 forbidden               the plan has no access
    ├── NotFoundError                  not_found               unknown id, or another account's
    ├── NotReadyError                  not_ready               the job has not finished
    ├── ConflictError                  conflict                the state does not allow it
    ├── StaleError                     stale                   it was changed by somebody else meanwhile
    ├── ExpiredError                   expired                 it existed; its time is over
    ├── RepeatUnderWayError            idempotency_key_in_use  the first request of that key is not answered yet
    ├── RepeatDiffersError             idempotency_key_reused  the key was used for another request
    ├── RateLimitedError               rate_limited            too many requests; `retry_after_seconds`
    ├── InsufficientCreditsError       insufficient_credits    the balance does not cover the price
    ├── BusyError                      busy                    no room for it at this moment; `retry_after_seconds`
    ├── RangeError                     range_not_satisfiable   the bytes asked for are not in the file; `size_bytes`
    ├── StorageQuotaError              storage_quota           the plan's room is used up
    ├── FileTooLargeError              file_too_large          over the plan's or the format's byte limit
    ├── MediaError                     media_error             (family: what is wrong with the bytes)
    │   ├── UnsupportedMediaError      unsupported_media       not the kind of file this door takes
    │   ├── UndecodableMediaError      undecodable_media       right kind, but broken or empty
    │   └── MediaLimitError            media_limit             more pixels, frames or seconds than allowed
    ├── ProcessingError                processing_failed       (family: the work itself failed)
    │   ├── ProcessTimeoutError        processing_timeout      wall clock or no-progress watchdog
    │   ├── ResourceLimitError         processing_limit        killed by a memory, CPU or size limit
    │   └── WorkerLostError            worker_lost             no worker finished it in the attempts allowed
    ├── CancelledError                 cancelled               somebody asked for the job to stop
    ├── OutboundError                  outbound_failed         (family: outgoing HTTP)
    │   └── BlockedAddressError        blocked_address         the target is not a public address
    ├── StorageError                   storage_failed          (family: bytes could not be kept)
    │   └── StorageFullError           storage_full            no room left
    └── InternalError                  internal                a bug of ours; details only in the log

`code` is stable: `api/failures.py` has its status, and families what they tell otherwise
(`api/*/errors.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class TelecineError(Exception):
    """A failure with a stable `code` and a sentence that says what to do next.

    `field` is the name of the request field at fault, as the client sent it. `problems` are the
    faults of a composition, where it is about those.
    """

    code = "error"
    problems: Sequence[Mapping[str, str]] = ()

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or self.code).strip().splitlines()[0]
        self.field = field
        super().__init__(self.message)


class InvalidRequestError(TelecineError):
    """The request has a missing or wrong field."""

    code = "invalid_request"


class MissingFileError(InvalidRequestError):
    """No file was sent."""

    code = "missing_file"


class ChecksumError(InvalidRequestError):
    """The bytes are not those whose checksum was told: they were damaged on the way. Send them again."""

    code = "checksum_mismatch"


class MethodError(InvalidRequestError):
    """This URL takes another method."""

    code = "method_not_allowed"


class InvalidDocumentError(InvalidRequestError):
    """The composition has faults.

    Each of `problems` says where (a JSON path), what, what was found and what is allowed.
    """

    code = "invalid_document"

    def __init__(self, message: str = "", *, problems: Sequence[Mapping[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(message)


class RequestTimeoutError(TelecineError):
    """The request did not come to its end in time. Send it again."""

    code = "request_timeout"


class AuthenticationError(TelecineError):
    """The API key was not accepted."""

    code = "invalid_key"


class MissingKeyError(AuthenticationError):
    """No API key was sent. Send it as 'Authorization: Bearer <key>'."""

    code = "missing_key"


class MalformedKeyError(AuthenticationError):
    """This is not an API key: the prefix, length or checksum is wrong. Was it cut when copied?"""

    code = "malformed_key"


class UnknownKeyError(AuthenticationError):
    """This API key is not known here."""

    code = "unknown_key"


class RevokedKeyError(AuthenticationError):
    """This API key has been revoked."""

    code = "revoked_key"


class UnknownOwnerError(AuthenticationError):
    """The account of this API key does not exist any more."""

    code = "unknown_owner"


class ForbiddenError(TelecineError):
    """The account's plan does not include this."""

    code = "forbidden"


class NotFoundError(TelecineError):
    """There is no such thing under this account."""

    code = "not_found"


class NotReadyError(TelecineError):
    """The job has not finished yet."""

    code = "not_ready"

    def __init__(self, message: str = "", *, retry_after_seconds: int = 3) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class ConflictError(TelecineError):
    """The present state does not allow this.

    `job_id` is the job in the way, where it is one, and `subject_id` what that is of.
    """

    code = "conflict"

    def __init__(
        self, message: str = "", *, job_id: str | None = None, subject_id: str | None = None
    ) -> None:
        self.job_id = job_id
        self.subject_id = subject_id
        super().__init__(message)


class StaleError(TelecineError):
    """It has been changed since you read it. Fetch it again, and send your change once more."""

    code = "stale"


class ExpiredError(TelecineError):
    """This existed, but its time is over and it has been deleted."""

    code = "expired"


class RepeatUnderWayError(TelecineError):
    """A request with this Idempotency-Key is still under way. Send it again in some seconds."""

    code = "idempotency_key_in_use"

    def __init__(self, message: str = "", *, retry_after_seconds: int = 2) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class RepeatDiffersError(TelecineError):
    """This Idempotency-Key was sent with another body before. Use another key for another request."""

    code = "idempotency_key_reused"


class RateLimitedError(TelecineError):
    """Too many requests."""

    code = "rate_limited"

    def __init__(self, message: str = "", *, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class BusyError(TelecineError):
    """As much is under way as may be at once. Try again in some seconds."""

    code = "busy"

    def __init__(self, message: str = "", *, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class InsufficientCreditsError(TelecineError):
    """The balance does not cover the price."""

    code = "insufficient_credits"

    def __init__(self, *, needed: int, available: int) -> None:
        self.needed = needed
        self.available = available
        super().__init__(f"This needs {needed} credits; {available} are available.")


class RangeError(TelecineError):
    """The range that was asked for lies outside the file."""

    code = "range_not_satisfiable"

    def __init__(self, *, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        super().__init__(
            f"The range that was asked for lies outside the file of {size_bytes} bytes."
        )


class StorageQuotaError(TelecineError):
    """The plan's room for uploaded files is used up. Delete some, or take a larger plan."""

    code = "storage_quota"

    def __init__(
        self, message: str = "", *, used_bytes: int, limit_bytes: int, needed_bytes: int
    ) -> None:
        self.used_bytes = used_bytes
        self.limit_bytes = limit_bytes
        self.needed_bytes = needed_bytes
        super().__init__(message)


class FileTooLargeError(TelecineError):
    """The file is larger than allowed."""

    code = "file_too_large"


class MediaError(TelecineError):
    """The bytes are not media that this door can take."""

    code = "media_error"


class UnsupportedMediaError(MediaError):
    """This is not the kind of file that is expected here."""

    code = "unsupported_media"


class UndecodableMediaError(MediaError):
    """The file is of the right kind, but it is damaged, truncated or empty."""

    code = "undecodable_media"


class MediaLimitError(MediaError):
    """The media has more pixels, frames, streams or seconds than allowed."""

    code = "media_limit"


class ProcessingError(TelecineError):
    """The media could not be processed."""

    code = "processing_failed"


class ProcessTimeoutError(ProcessingError):
    """Processing took too long, or stood still, and was stopped."""

    code = "processing_timeout"


class ResourceLimitError(ProcessingError):
    """Processing needed more memory, CPU time or output space than one job may use."""

    code = "processing_limit"


class WorkerLostError(ProcessingError):
    """The job was tried as often as allowed, and no attempt came to an end."""

    code = "worker_lost"


class CancelledError(TelecineError):
    """The job was cancelled."""

    code = "cancelled"


class OutboundError(TelecineError):
    """The other server could not be reached."""

    code = "outbound_failed"


class BlockedAddressError(OutboundError):
    """The other server could not be reached."""

    # The sentence equals OutboundError's on purpose: "blocked" against "timed out" would
    # let a stranger scan the private network. The code stays inside (logs, tests).
    code = "blocked_address"


class StorageError(TelecineError):
    """The server's storage cannot be read or written at this moment. Try again later."""

    code = "storage_failed"


class StorageFullError(StorageError):
    """There is no room left to store this. Try again later."""

    code = "storage_full"


class InternalError(TelecineError):
    """Something went wrong on our side. It has been logged with the request id."""

    code = "internal"
