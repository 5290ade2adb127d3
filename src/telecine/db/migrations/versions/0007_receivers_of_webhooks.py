"""Receivers of webhooks, and what is needed to show and replay deliveries"""

import sqlalchemy as sa
from alembic import op

from telecine.db.tables import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: the tries refer to these. Deliveries of before count as of one host.
    host = sa.Column("host", sa.Text(), nullable=False, server_default="")
    op.add_column("deliveries", host)
    tries_before = sa.Column("tries_before", sa.Integer(), nullable=False, server_default="0")
    op.add_column("deliveries", tries_before)
    op.drop_index("ix_deliveries_account_id", "deliveries")
    op.create_index(
        "ix_deliveries_account_id_created_at", "deliveries", ["account_id", "created_at"]
    )
    op.add_column("delivery_attempts", sa.Column("note", sa.Text(), nullable=True))
    op.create_table(
        "webhook_receivers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_webhook_receivers_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_receivers"),
        sa.UniqueConstraint("account_id", "digest", name="uq_webhook_receivers_account_id_digest"),
    )
