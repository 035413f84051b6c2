"""a role is held on one campaign or on all of them; long lists wait for a second person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLES = "'owner', 'editor', 'moderator', 'exporter', 'viewer'"
EVERYWHERE = sa.text("campaign_id IS NULL")


def upgrade() -> None:
    """Every account keeps its role on every campaign."""
    op.create_table(
        "staff_roles",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("further", sa.String(200), server_default="[]", nullable=False),
        sa.CheckConstraint(f"role IN ({ROLES})", name=op.f("ck_staff_roles_role")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], op.f("fk_staff_roles_staff_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            op.f("fk_staff_roles_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_roles")),
        sa.UniqueConstraint(
            "staff_id", "campaign_id", name=op.f("uq_staff_roles_staff_id_campaign_id")
        ),
    )
    op.create_index(op.f("ix_staff_roles_campaign_id"), "staff_roles", ["campaign_id"])
    op.create_index(
        "uq_staff_roles_everywhere",
        "staff_roles",
        ["staff_id"],
        unique=True,
        postgresql_where=EVERYWHERE,
        sqlite_where=EVERYWHERE,
    )
    op.execute(
        "INSERT INTO staff_roles (staff_id, role) SELECT id, CASE WHEN role IN"
        " ('owner', 'editor', 'moderator', 'exporter') THEN role ELSE 'viewer' END"
        " FROM staff ORDER BY id"
    )
    op.drop_column("staff", "role")
    op.create_table(
        "export_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("by", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("decided_by", sa.String(254), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'made')",
            name=op.f("ck_export_requests_state"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            op.f("fk_export_requests_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_requests")),
    )
    op.create_index(op.f("ix_export_requests_campaign_id"), "export_requests", ["campaign_id"])


def downgrade() -> None:
    """Who had a role on one campaign alone is shut out: the older table knows roles on all only."""
    op.drop_table("export_requests")
    op.add_column(
        "staff", sa.Column("role", sa.String(20), server_default="viewer", nullable=False)
    )
    op.execute(
        "UPDATE staff SET role = coalesce((SELECT role FROM staff_roles"
        " WHERE staff_id = staff.id AND campaign_id IS NULL), 'viewer'),"
        " disabled = disabled OR NOT EXISTS (SELECT 1 FROM staff_roles"
        " WHERE staff_id = staff.id AND campaign_id IS NULL)"
    )
    op.drop_table("staff_roles")
