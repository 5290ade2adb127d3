"""The URLs of the clips family."""

from __future__ import annotations

from functools import partial

from telecine.api.clips import FAMILY, handlers, wire
from telecine.api.family import Answer, Endpoint, below, ended

_clips = partial(below, FAMILY, "/api/v1")
_any_job = partial(_clips, answer=wire.ClipJob | wire.AnyJob, is_in_every_plan=True)
ENDPOINTS: tuple[Endpoint, ...] = (
    _clips(
        *("POST", "process", handlers.process, "Make clips of a video", wire.ProcessAccepted),
        status=202,
        more=ended(wire.ClipJob),
        tell=handlers.tell,
        body=wire.ProcessBody,
        form=wire.ProcessForm,
        example={"file": "@talk.mp4", "quality": "balanced", "caption_style": "white_bold"},
    ),
    _clips(
        *("GET", "jobs", handlers.list_jobs, "Jobs, newest first", wire.JobList),
        query=wire.JobQuery,
    ),
    _any_job("GET", "jobs/{job_id}", handlers.get_job, "A job, its clips and texts", waits=True),
    _clips(
        *("GET", "jobs/{job_id}/events", handlers.follow_job, "A job of any API as it gets on"),
        more={
            200: Answer(description="Server-Sent Events.", media_type="text/event-stream"),
            204: Answer(description="`Last-Event-ID` names the end.", media_type=""),
        },
        headers={"Last-Event-ID": "The event that was seen last: what differs is told."},
        accepts_query_key=True,
        is_in_every_plan=True,
    ),
    _any_job("DELETE", "jobs/{job_id}", handlers.delete_job, "Stop any job, or delete clips"),
    _any_job("POST", "jobs/{job_id}/cancel", handlers.cancel_job, "Stop a job of any API"),
    _clips("GET", "clips/{clip_id}", handlers.get_clip, "A clip", wire.Clip),
    _clips(
        *("POST", "clips/{clip_id}/project", handlers.open_project, "Open a clip as a project"),
        wire.OpenedProject,
        status=201,
    ),
    _clips(
        *("GET", "caption-styles", handlers.list_styles, "What captions may look like"),
        wire.StyleList,
    ),
)
