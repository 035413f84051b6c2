"""who writes to the targets without signing, and emails to several targets at once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0030"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = "ck_signatures_state"
STATES = "'pending', 'confirmed', 'withdrawn', 'held', 'rejected'"
WRITER = ", 'writer'"


def upgrade() -> None:
    op.add_column(
        "entries", sa.Column("signs", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column(
        "messages", sa.Column("apart", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "message_also_to",
        sa.Column("message_id", Id, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            op.f("fk_message_also_to_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_message_also_to_target_id")
        ),
        sa.PrimaryKeyConstraint("message_id", "target_id", name=op.f("pk_message_also_to")),
    )
    op.create_index(op.f("ix_message_also_to_target_id"), "message_also_to", ["target_id"])
    _allow(STATES, f"{STATES}{WRITER}")


def downgrade() -> None:
    # Before, whoever wrote had signed: nobody who did not may become a signature.
    op.execute("DELETE FROM signatures WHERE state = 'writer'")
    op.execute("DELETE FROM entries WHERE NOT signs")
    _allow(f"{STATES}{WRITER}", STATES)
    op.drop_table("message_also_to")
    op.drop_column("messages", "apart")
    op.drop_column("entries", "signs")


def _allow(before: str, after: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(f"(state IN ({before}))", f"(state IN ({after}))")
        return
    op.drop_constraint(op.f(NAME), "signatures", type_="check")
    op.create_check_constraint(op.f(NAME), "signatures", f"state IN ({after})")


# As in 0010: SQLite changes a constraint by making the table anew, and dropping the old one would
# drop every entry by cascade. https://www.sqlite.org/lang_altertable.html
def _rewrite(before: str, after: str) -> None:
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'signatures'"
        ),
        {"before": before, "after": after},
    )
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))
