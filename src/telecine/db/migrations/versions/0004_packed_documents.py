"""Documents of projects are packed and counted; deleted projects are removed later"""

import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_documents = sa.table(
    "project_documents",
    *(sa.column(name) for name in ("project_id", "digest", "text")),
    *(sa.column(name) for name in ("n_characters", "packed_bytes")),
    sa.column("packed", sa.LargeBinary()),
)


def upgrade() -> None:
    with op.batch_alter_table("project_documents") as batch_op:
        batch_op.add_column(sa.Column("n_characters", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("packed_bytes", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("packed", sa.LargeBinary(), nullable=True))
    _pack()
    with op.batch_alter_table("project_documents") as batch_op:
        batch_op.drop_column("text")
        for name in ("n_characters", "packed_bytes"):
            batch_op.alter_column(name, existing_type=sa.BigInteger(), nullable=False)
        batch_op.alter_column("packed", existing_type=sa.LargeBinary(), nullable=False)

    # In place: others refer to these rows, and SQLite would forget which ids were used.
    more: tuple[sa.Column[Any], ...] = (
        sa.Column("document_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("is_deleted", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    for column in more:
        op.add_column("projects", column)
    projects = sa.table("projects", sa.column("id"), sa.column("document_bytes"))
    taken = sa.select(sa.func.coalesce(sa.func.sum(_documents.c.packed_bytes), 0))
    op.execute(
        projects.update().values(
            document_bytes=taken.where(_documents.c.project_id == projects.c.id).scalar_subquery(),
        )
    )


def _pack() -> None:
    """One at a time: all of them together may be larger than the memory."""
    connection = op.get_bind()
    columns = _documents.c
    keys = connection.execute(sa.select(columns.project_id, columns.digest)).all()
    for project_id, digest in keys:
        one = sa.and_(columns.project_id == project_id, columns.digest == digest)
        text = connection.execute(sa.select(columns.text).where(one)).scalar_one()
        packed = zlib.compress(text.encode("utf-8"), 3)
        connection.execute(
            _documents.update()
            .where(one)
            .values(n_characters=len(text), packed_bytes=len(packed), packed=packed)
        )
