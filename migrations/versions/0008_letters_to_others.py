"""letters to staff as well: the recipient of a letter is an entry or a staff member"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONE_IS_SET = (
    "CASE WHEN entry_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN staff_id IS NULL THEN 0 ELSE 1 END = 1"
)
SET = sa.text("staff_id IS NOT NULL")


def upgrade() -> None:
    with _letters() as letters:
        letters.alter_column("entry_id", existing_type=Id, nullable=True)
        letters.add_column(sa.Column("staff_id", Id, nullable=True))
        letters.create_foreign_key(
            op.f("fk_letters_staff_id"), "staff", ["staff_id"], ["id"], ondelete="CASCADE"
        )
        letters.create_check_constraint(op.f("ck_letters_recipient"), ONE_IS_SET)
    op.create_index(
        "ix_letters_staff_id", "letters", ["staff_id"], postgresql_where=SET, sqlite_where=SET
    )


def downgrade() -> None:
    """Letters to staff go: the table as it was has no place for them."""
    op.execute("DELETE FROM letters WHERE entry_id IS NULL")
    op.drop_index("ix_letters_staff_id", "letters")
    with _letters() as letters:
        letters.drop_constraint(op.f("ck_letters_recipient"), type_="check")
        letters.drop_constraint(op.f("fk_letters_staff_id"), type_="foreignkey")
        letters.drop_column("staff_id")
        letters.alter_column("entry_id", existing_type=Id, nullable=False)


@contextmanager
def _letters() -> Iterator[BatchOperations]:
    """The table, to be changed. SQLite makes it anew, which harms no other: nothing hangs on it.

    The number of a letter that is gone is not given to another one, as before.
    """
    connection = op.get_bind()
    last = None
    if connection.dialect.name == "sqlite":
        read = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'letters'")
        last = connection.execute(read).scalar()
    with op.batch_alter_table("letters", table_kwargs={"sqlite_autoincrement": True}) as letters:
        yield letters
    if last is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'letters'"))
        write = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('letters', :last)")
        connection.execute(write, {"last": last})
