"""Python client of a Telecine server.

    from telecine_client import Client

    with Client("http://127.0.0.1:8000", "kvrt_…") as telecine:
        job = telecine.compress("holiday.mov", codec="av1")
        job = telecine.wait(job.id, on_progress=print)
        telecine.download(job.id, to="holiday.mp4")

It imports nothing of the server, only httpx2.
"""

from telecine_client.client import Client
from telecine_client.errors import TelecineError
from telecine_client.model import Converted, Credits, Job, JobInput, JobOutput, Usage

__all__ = [
    "Client",
    "Converted",
    "Credits",
    "Job",
    "JobInput",
    "JobOutput",
    "TelecineError",
    "Usage",
]
