"""how many messages went to each mail provider in an hour"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from petition.store.db.types import Instant

revision = "0035"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_hours",
        sa.Column("provider", sa.String(255), nullable=False),
        sa.Column("hour", Instant, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "hour", name=op.f("pk_provider_hours")),
    )


def downgrade() -> None:
    op.drop_table("provider_hours")
