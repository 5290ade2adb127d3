"""The webhook secret before the present one, and until when it signs"""

import sqlalchemy as sa
from alembic import op

from telecine.db.tables import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: many rows refer to these.
    op.add_column("accounts", sa.Column("former_webhook_secret", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("former_webhook_secret_until", Instant(), nullable=True))
