"""what lists must let go of is counted by the worker; the audit log can be pruned and is indexed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

Instant = sa.DateTime(timezone=True)
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = {
    "ix_audit_who_number": ["who", "number"],
    "ix_audit_action_number": ["action", "number"],
    "ix_audit_at": ["at"],
}
SAID = "audit rows are never changed"
PRUNED = "coalesce((SELECT max(number) FROM audit_prunings), 0)"


def upgrade() -> None:
    op.add_column(
        "exports", sa.Column("to_remove", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_table(
        "staff_refusals",
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("hour", Instant, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
            name=op.f("fk_staff_refusals_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("staff_id", "hour", name=op.f("pk_staff_refusals")),
    )
    op.create_table(
        "audit_prunings",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_prunings")),
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "audit", columns, unique=False)
    _refuse_but_pruning()


def downgrade() -> None:
    _refuse_all()
    for name in INDEXES:
        op.drop_index(name, table_name="audit")
    op.drop_table("audit_prunings")
    op.drop_table("staff_refusals")
    op.drop_column("exports", "to_remove")


def _refuse_but_pruning() -> None:
    """A row goes only where it was said before, in the table, up to which row they go."""
    if _postgresql():
        op.execute(
            "CREATE FUNCTION refuse_all_but_pruning() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF OLD.number > {PRUNED} THEN RAISE EXCEPTION '{SAID}'; END IF; "
            "RETURN OLD; END $$"
        )
    _trigger(
        "EXECUTE FUNCTION refuse_all_but_pruning()"
        if _postgresql()
        else f"WHEN OLD.number > {PRUNED} BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    )


def _refuse_all() -> None:
    _trigger(
        "EXECUTE FUNCTION refuse_change()"
        if _postgresql()
        else f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    )
    if _postgresql():
        op.execute("DROP FUNCTION refuse_all_but_pruning()")


def _trigger(what: str) -> None:
    on_table = " ON audit" if _postgresql() else ""
    op.execute(f"DROP TRIGGER audit_refuse_delete{on_table}")
    op.execute(f"CREATE TRIGGER audit_refuse_delete BEFORE DELETE ON audit FOR EACH ROW {what}")


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
