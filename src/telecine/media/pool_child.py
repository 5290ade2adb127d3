"""The program of one pool child: imports its tasks, builds its walls, then serves calls.

A task is `(params, source_fd, target_fd) -> dict`. It must not close the descriptors.
"""

from __future__ import annotations

#: Every task, as `module:function`.
TASKS = {
    "probe": "telecine.media.probe:probe_task",
    "convert_image": "telecine.media.images:convert_task",
    "identify_image": "telecine.media.images:identify_task",
}
