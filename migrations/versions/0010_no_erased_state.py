"""no signature has the state erased: an erased one has no row"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NAME = "ck_signatures_state"
STATES = "'pending', 'confirmed', 'withdrawn', 'held', 'rejected'"
ERASED = ", 'erased'"


def upgrade() -> None:
    _allow(f"{STATES}{ERASED}", STATES)


def downgrade() -> None:
    _allow(STATES, f"{STATES}{ERASED}")


def _allow(before: str, after: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(f"(state IN ({before}))", f"(state IN ({after}))")
        return
    op.drop_constraint(op.f(NAME), "signatures", type_="check")
    op.create_check_constraint(op.f(NAME), "signatures", f"state IN ({after})")


# SQLite changes a constraint by making the table anew, and dropping the old one would drop every
# entry by cascade. Only the words of the constraint differ and no row does, so its own way for
# that is enough: https://www.sqlite.org/lang_altertable.html, "Making other kinds of changes".
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
