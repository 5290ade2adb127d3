"""Steps of a job that outlive its worker: blobs under the job's id, deleted when the job ends.

No table knows them: that the blob is there is all there is to say. An attempt that was fenced off
may still keep one; it says the same as the other's, or has another name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from telecine.blobs import BlobStore
from telecine.blobs.store import storage_errors
from telecine.kit import disk
from telecine.kit.errors import NotFoundError

#: Where all of them lie: `steps/{job id}/{name}`.
ROOT = "steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobSteps:
    """The steps of one attempt. `stored` has the blobs behind the paths that it was given."""

    blobs: BlobStore
    job_id: str
    workspace: Path
    stored: dict[Path, str] = field(default_factory=dict)

    def find(self, name: str) -> Path | None:
        """Fetch what an earlier attempt has kept. Raises `StorageError`."""
        key = self._key(name)
        try:
            path = self.blobs.open_local(key, workspace=self.workspace)
        except NotFoundError:
            return None
        self.stored[path] = key
        return path

    def keep(self, name: str, path: Path) -> Path:
        """Store a file; the job goes on with it where it is. Raises `StorageError`."""
        key = self._key(name)
        with storage_errors():
            local = self.workspace / f"kept-{name}"
            local.unlink(missing_ok=True)
            disk.link(path, local)
        self.blobs.adopt(path, key)
        self.stored[local] = key
        return local

    def _key(self, name: str) -> str:
        return f"{ROOT}/{self.job_id}/{name}"


def job_of(key: str) -> str | None:
    """Return the job that a blob is a step of; None for all other blobs."""
    root, _, rest = key.partition("/")
    return rest.partition("/")[0] if root == ROOT else None


def delete(blobs: BlobStore, job_id: str) -> None:
    """Delete what a job has kept; that there is nothing is fine. Raises `StorageError`."""
    for blob in blobs.list_keys(f"{ROOT}/{job_id}"):
        blobs.delete(blob.key)
