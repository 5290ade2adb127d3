"""The projects family: long-lived compositions, edited and rendered. Contract:
docs/reference/projects.md.
"""

from telecine.api.family import Family
from telecine.api.projects import errors, wire, wording

FAMILY = Family(
    name="projects",
    title="Projects",
    errors=errors.STATUS,
    error_body=errors.error_body,
    event_body=wording.event_body,
    accepts_body_key=True,
    failure_body=wire.ProjectFailure,
    field_at="data.field",
)
