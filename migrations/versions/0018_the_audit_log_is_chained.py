"""the audit log is chained, the rows that are there too; who of staff read a form"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
VERBS = ("UPDATE", "DELETE")
PART = 1000


def upgrade() -> None:
    for verb in VERBS:
        _drop_trigger(verb)
    op.add_column("audit", sa.Column("number", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("mac", sa.LargeBinary(length=32), nullable=True))
    _chain()
    with op.batch_alter_table("audit") as batch:
        batch.alter_column("number", existing_type=sa.BigInteger(), nullable=False)
        batch.alter_column("mac", existing_type=sa.LargeBinary(length=32), nullable=False)
        batch.create_unique_constraint(op.f("uq_audit_number"), ["number"])
    for verb in VERBS:
        _refuse(verb)
    op.create_table(
        "audit_checks",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("finding", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checks")),
    )
    op.create_table(
        "staff_views",
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_staff_views_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", "on_day", "role", name=op.f("pk_staff_views")),
    )
    op.create_table(
        "pauses",
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_pauses")),
    )


def downgrade() -> None:
    op.drop_table("pauses")
    op.drop_table("staff_views")
    op.drop_table("audit_checks")
    for verb in VERBS:
        _drop_trigger(verb)
    with op.batch_alter_table("audit") as batch:
        batch.drop_constraint(op.f("uq_audit_number"), type_="unique")
        batch.drop_column("mac")
        batch.drop_column("number")
    for verb in VERBS:
        _refuse(verb)


def _chain() -> None:
    """As store/staff/audit_chain does it: who makes the tables has the keys."""
    audit = sa.table(
        "audit",
        sa.column("id", sa.BigInteger()),
        sa.column("at", sa.DateTime(timezone=True)),
        *(sa.column(name, sa.String()) for name in ("who", "action", "outcome", "detail")),
        sa.column("number", sa.BigInteger()),
        sa.column("mac", sa.LargeBinary()),
    )
    set_one = (
        sa.update(audit)
        .where(audit.c.id == sa.bindparam("row"))
        .values(number=sa.bindparam("its_number"), mac=sa.bindparam("its_mac"))
    )
    connection, key = op.get_bind(), _key()
    mac, number, last = bytes(32), 0, -1
    while True:
        found = connection.execute(
            sa.select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(PART)
        ).all()
        if not found:
            return
        chained = []
        for row in found:
            number, mac = number + 1, hmac.digest(key, mac + _canonical(row), sha256)
            chained.append({"row": row.id, "its_number": number, "its_mac": mac})
        connection.execute(set_one, chained)
        last = found[-1].id


def _key() -> bytes:
    keys = current_app.extensions["petition"].settings.vault_keys
    return hmac.digest(keys.index, b"petition.audit", sha256)


def _canonical(row: Any) -> bytes:
    at: datetime = row.at if row.at.tzinfo is not None else row.at.replace(tzinfo=UTC)
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return b"".join(map(_sized, (moment, row.who, row.action, row.outcome, row.detail)))


def _sized(part: str | None) -> bytes:
    if part is None:
        return b"-"
    data = part.encode()
    return b"%d:%b" % (len(data), data)


def _drop_trigger(verb: str) -> None:
    on_table = " ON audit" if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(f"DROP TRIGGER audit_refuse_{verb.lower()}{on_table}")


def _refuse(verb: str) -> None:
    action = (
        "EXECUTE FUNCTION refuse_change()"
        if op.get_bind().dialect.name == "postgresql"
        else "BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END"
    )
    op.execute(
        f"CREATE TRIGGER audit_refuse_{verb.lower()} BEFORE {verb} ON audit FOR EACH ROW {action}"
    )
