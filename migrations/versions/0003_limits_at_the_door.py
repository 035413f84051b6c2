"""limits by sender: daily keys, counts, tries, allowances, totals; when an asked letter is due"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def _required(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.add_column("link_requests", sa.Column("due_at", Instant, nullable=True))
    op.create_table(
        "sender_keys",
        _required("day", sa.Date()),
        _required("secret", sa.LargeBinary(length=32)),
        sa.Column("hidden_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_sender_keys")),
    )
    op.create_table(
        "sender_counts",
        _required("sender", sa.LargeBinary(length=16)),
        _required("action", sa.String(length=20)),
        _required("day", sa.Date()),
        _required("minute_at", sa.BigInteger()),
        _required("minute", sa.Integer()),
        _required("hour_at", sa.BigInteger()),
        _required("hour", sa.Integer()),
        _required("turn_at", sa.BigInteger()),
        _required("taken", sa.Integer()),
        _required("refused", sa.Integer()),
        _required("refused_at", sa.BigInteger()),
        _required("burst", sa.Integer()),
        _required("hourly", sa.Integer()),
        _required("pace", sa.Integer()),
        sa.PrimaryKeyConstraint("sender", "action", name=op.f("pk_sender_counts")),
    )
    op.create_index("ix_sender_counts_day", "sender_counts", ["day"], unique=False)
    op.create_table(
        "sender_tries",
        _required("pair", sa.LargeBinary(length=16)),
        _required("day", sa.Date()),
        sa.PrimaryKeyConstraint("pair", name=op.f("pk_sender_tries")),
    )
    op.create_index("ix_sender_tries_day", "sender_tries", ["day"], unique=False)
    op.create_table(
        "sender_allowances",
        _required("id", Id),
        _required("network", sa.String(length=43)),
        _required("factor", sa.Integer()),
        _required("until", Instant),
        _required("by", sa.String(length=254)),
        _required("created_at", Instant),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender_allowances")),
    )
    op.create_table(
        "action_totals",
        _required("action", sa.String(length=20)),
        _required("since", sa.BigInteger()),
        _required("number", sa.BigInteger()),
        sa.PrimaryKeyConstraint("action", name=op.f("pk_action_totals")),
    )


def downgrade() -> None:
    op.drop_table("action_totals")
    op.drop_table("sender_allowances")
    op.drop_index("ix_sender_tries_day", "sender_tries")
    op.drop_table("sender_tries")
    op.drop_index("ix_sender_counts_day", "sender_counts")
    op.drop_table("sender_counts")
    op.drop_table("sender_keys")
    op.drop_column("link_requests", "due_at")
