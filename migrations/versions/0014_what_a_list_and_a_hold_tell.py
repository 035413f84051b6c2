"""references of the target's lists; why and when staff moved a signature; where it was withdrawn"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

REASONS = "'made-up', 'many-alike', 'somebody-else', 'abusive', 'other'"
WITHDRAWABLE = "'pending', 'confirmed', 'held'"


def upgrade() -> None:
    op.add_column("exports", sa.Column("reference_salt", sa.LargeBinary(), nullable=True))
    _add("hold_reason", 20, REASONS)
    op.add_column("signatures", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
    _add("withdrawn_from", 10, WITHDRAWABLE)
    # Who was held keeps the words that staff wrote; of all others, withdrawing cleared them.
    op.execute(
        "UPDATE signatures SET withdrawn_from = CASE WHEN state_reason IS NOT NULL THEN 'held'"
        " WHEN confirmed_at IS NOT NULL THEN 'confirmed' ELSE 'pending' END"
        " WHERE state = 'withdrawn'"
    )
    # The audit log's line of a move begins with the signature's number.
    op.execute(
        "UPDATE signatures SET moved_at = (SELECT max(at) FROM audit"
        " WHERE action = 'signature ' || signatures.state"
        " AND detail LIKE CAST(signatures.id AS VARCHAR(20)) || ':%')"
        " WHERE state IN ('held', 'rejected')"
    )
    op.create_index(
        "ix_signatures_rejected",
        "signatures",
        ["campaign_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'rejected'"),
        sqlite_where=sa.text("state = 'rejected'"),
    )


def _add(name: str, length: int, values: str) -> None:
    """A column with its CHECK, which SQLite takes along with the column and with nothing else."""
    op.execute(
        f"ALTER TABLE signatures ADD COLUMN {name} VARCHAR({length})"
        f" CONSTRAINT ck_signatures_{name} CHECK ({name} IN ({values}))"
    )


def downgrade() -> None:
    """A reason of the list becomes words; lists with references can be recalled no more."""
    op.drop_index("ix_signatures_rejected", "signatures")
    op.execute("UPDATE signatures SET state_reason = NULL WHERE withdrawn_from <> 'held'")
    op.execute(
        "UPDATE signatures SET state_reason = coalesce(state_reason, hold_reason, 'held')"
        " WHERE hold_reason IS NOT NULL OR withdrawn_from = 'held'"
    )
    for name in ("withdrawn_from", "moved_at", "hold_reason"):
        op.drop_column("signatures", name)
    op.drop_column("exports", "reference_salt")
