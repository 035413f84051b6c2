"""lists that the console made wait, sealed, until they are fetched"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "export_files",
        sa.Column("export_id", Id, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        sa.Column("key_number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_files_export_id")
        ),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_export_files")),
    )
    op.create_table(
        "export_file_parts",
        sa.Column("export_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["export_files.export_id"],
            name=op.f("fk_export_file_parts_export_id"),
        ),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_export_file_parts")),
    )


def downgrade() -> None:
    """Files that wait are gone then; they can be made again."""
    op.drop_table("export_file_parts")
    op.drop_table("export_files")
