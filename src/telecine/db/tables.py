"""Every table on one page. Changed together with a migration; a test compares the two.

Instants are aware and in UTC. JSON columns hold what an operation's own struct decodes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator
from typing_extensions import override


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite forgets time zones, so it is put back when read."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        assert isinstance(value, datetime)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("webhook_secret", sa.Text, nullable=False),
    # The one before it signs as well until an instant.
    sa.Column("former_webhook_secret", sa.Text),
    sa.Column("former_webhook_secret_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    # SHA-256 in hex of the whole key. The key has 155 random bits: no slow hash is needed.
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant),
    sa.Column("revoked_at", Instant),
)

credit_balances = sa.Table(
    "credit_balances",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("available", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.CheckConstraint("available >= 0", name="available_not_negative"),
    sa.CheckConstraint("held >= 0", name="held_not_negative"),
)

# Append-only: triggers refuse UPDATE and DELETE. Every transaction's entries add up to zero.
ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("job_id", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("at", Instant, nullable=False),
    # One hold a job, and one of settle or release.
    sa.Index(
        "uq_ledger_entries_hold",
        "job_id",
        unique=True,
        sqlite_where=sa.text("book = 'held' AND kind = 'reserve'"),
        postgresql_where=sa.text("book = 'held' AND kind = 'reserve'"),
    ),
    sa.Index(
        "uq_ledger_entries_close",
        "job_id",
        unique=True,
        sqlite_where=sa.text("book = 'held' AND kind <> 'reserve'"),
        postgresql_where=sa.text("book = 'held' AND kind <> 'reserve'"),
    ),
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("blob_key", sa.Text, nullable=False, unique=True),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("deleted_at", Instant),
    sa.Index("ix_files_expiry", "deleted_at", "expires_at"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("family", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("price", sa.BigInteger, nullable=False),
    sa.Column("progress", sa.Float, nullable=False),
    # What it is at, in the operation's word.
    sa.Column("stage", sa.Text),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("error_message", sa.Text),
    sa.Column("webhook_url", sa.Text),
    # The ticket numbers the queue entry that may run the job; the attempt counts starts.
    # Together they fence off a worker that was taken for dead and comes back.
    sa.Column("ticket", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("worker_id", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("expires_at", Instant),
    # The id of the stored thing that the job is of; whose it is, rooms above know.
    sa.Column("subject_id", sa.Text),
    # Which revision of it, where it has any.
    sa.Column("subject_revision", sa.BigInteger),
    # Under which address the client reached us: links that it is told begin with it.
    sa.Column("origin", sa.Text),
    sa.Index("ix_jobs_subject_id_created_at", "subject_id", "created_at"),
    sa.Index("ix_jobs_account_id_created_at", "account_id", "created_at"),
    sa.Index("ix_jobs_status_worker_id", "status", "worker_id"),
)

job_files = sa.Table(
    "job_files",
    metadata,
    sa.Column("job_id", sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("file_id", sa.ForeignKey("files.id"), nullable=False, index=True),
)

# The library: uploaded files that compositions may use. Sizes are those shown, in pixels.
assets = sa.Table(
    "assets",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("file_id", sa.ForeignKey("files.id"), nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("duration_seconds", sa.Float),
    sa.Column("thumbnail_id", sa.ForeignKey("files.id")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_assets_account_id_created_at", "account_id", "created_at"),
)

# Files on their way: they come in pieces, perhaps over days, and then are files.
uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    # Empty until the client knows it.
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("received_bytes", sa.BigInteger, nullable=False),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    # As it was sent.
    sa.Column("metadata", sa.Text, nullable=False),
    # A word of the request that brings bytes: the newest one's, which fences off the former.
    sa.Column("writer", sa.Text),
    sa.Column("file_id", sa.ForeignKey("files.id")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

upload_pieces = sa.Table(
    "upload_pieces",
    metadata,
    sa.Column("upload_id", sa.ForeignKey("uploads.id"), primary_key=True),
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("blob_key", sa.Text, nullable=False, unique=True),
)

# Tasks, which stay, and previews, which expire. `document` and `notes` are JSON as it was sent,
# to the letter: what a client stores it gets back.
compositions = sa.Table(
    "compositions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("serial", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    # A fraction: 30000/1001.
    sa.Column("frame_rate", sa.Text, nullable=False),
    sa.Column("duration_frames", sa.BigInteger, nullable=False),
    sa.Column("title", sa.Text),
    sa.Column("category", sa.Text),
    sa.Column("notes", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, index=True),
    sa.Index("ix_compositions_account_id_created_at", "account_id", "created_at"),
)

# What a project holds is in its revisions; `revision` names the present one. Ids are never used
# again. `set_status` is what a client said last, until the next render begins.
projects = sa.Table(
    "projects",
    metadata,
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    # Known to whom it was told: names the preview, and is the subject of the render jobs.
    sa.Column("share_id", sa.Text, nullable=False, unique=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("set_status", sa.Text),
    sa.Column("n_messages", sa.BigInteger, nullable=False),
    sa.Column("message_bytes", sa.BigInteger, nullable=False),
    # Of all its documents, packed.
    sa.Column("document_bytes", sa.BigInteger, nullable=False),
    # Gone for everybody; the janitor removes what it holds, a little at a time.
    sa.Column("is_deleted", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

# JSON as it was sent, once for each that differs: revisions share what they did not change.
project_documents = sa.Table(
    "project_documents",
    metadata,
    sa.Column("project_id", sa.BigInteger, sa.ForeignKey("projects.id"), primary_key=True),
    # SHA-256 in hex of the text.
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("n_characters", sa.BigInteger, nullable=False),
    # The numbers stand before the bytes: so they can be read without those.
    sa.Column("packed_bytes", sa.BigInteger, nullable=False),
    # UTF-8, deflated by zlib.
    sa.Column("packed", sa.LargeBinary, nullable=False),
)

project_revisions = sa.Table(
    "project_revisions",
    metadata,
    sa.Column("project_id", sa.BigInteger, sa.ForeignKey("projects.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # What searching and sorting compare: the name with case folded.
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("template_id", sa.Text, nullable=False),
    sa.Column("thumbnail_url", sa.Text),
    sa.Column("is_thumbnail_locked", sa.Boolean, nullable=False),
    # Digests of documents.
    sa.Column("composition", sa.Text, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
)

project_messages = sa.Table(
    "project_messages",
    metadata,
    sa.Column("project_id", sa.BigInteger, sa.ForeignKey("projects.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    # Empty: a test, of no job.
    sa.Column("job_id", sa.Text, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    # Tries begun, and how many of them before it was replayed last.
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("tries_before", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    # When the next try is due; a claim moves it ahead, so that two couriers do not both send.
    sa.Column("due_at", Instant, nullable=False),
    sa.Index("ix_deliveries_due", "state", "due_at"),
    sa.Index("ix_deliveries_account_id_created_at", "account_id", "created_at"),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("status_code", sa.Integer),
    sa.Column("error_code", sa.Text),
    sa.Column("elapsed_ms", sa.Integer, nullable=False),
    # How the answer begins; where there is none, why, in words for clients. The note is for
    # whoever runs the server.
    sa.Column("response_head", sa.Text),
    sa.Column("note", sa.Text),
)

# Addresses that webhooks were sent to. `failing_since`: the first failure since it last took one.
webhook_receivers = sa.Table(
    "webhook_receivers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    # SHA-256 in hex of the address.
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("tried_at", Instant),
    sa.Column("accepted_at", Instant),
    sa.Column("failing_since", Instant),
    # Switched off, and why.
    sa.Column("disabled_at", Instant),
    sa.Column("disabled_because", sa.Text),
    sa.UniqueConstraint("account_id", "digest"),
)

# POSTs under an Idempotency-Key: who is at them, and what came of them.
repeats = sa.Table(
    "repeats",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    # A word of the request that is at it, or was: another one's fences it off.
    sa.Column("token", sa.Text, nullable=False),
    # Method, path and query.
    sa.Column("route", sa.Text, nullable=False),
    # SHA-256 in hex of what the body holds.
    sa.Column("fingerprint", sa.Text),
    sa.Column("job_id", sa.Text),
    # The answer: empty while there is none, and where it is told of the job anew.
    sa.Column("status", sa.Integer),
    sa.Column("headers", sa.JSON),
    # The number stands before the bytes: so it can be read without those.
    sa.Column("body_bytes", sa.BigInteger, nullable=False),
    # Deflated by zlib.
    sa.Column("body", sa.LargeBinary),
    # Until then nobody else takes it over.
    sa.Column("held_until", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

rate_windows = sa.Table(
    "rate_windows",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("window", sa.BigInteger, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("heartbeat_at", Instant, nullable=False),
)
