"""The one error that the client raises."""

from __future__ import annotations


class TelecineError(Exception):
    """The server said no, could not be reached, or a job failed.

    `status` is the HTTP status, 0 where there was no answer. `code` is stable, for programs:
    what the server sent, or `connection`, `timeout`, `job_failed`, `bad_answer`. `request_id`
    finds the request in the server's log.
    """

    def __init__(
        self, message: str, *, status: int = 0, code: str = "error", request_id: str | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        super().__init__(f"{message} [{code}]" + (f" (HTTP {status})" if status else ""))
