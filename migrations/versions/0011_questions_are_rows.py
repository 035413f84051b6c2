"""the questions of a campaign text are rows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# In the order in which answers are kept.
COLUMNS = {"sign": "sign_text_id", "updates": "updates_text_id", "visibility": "visibility_text_id"}


def _questions() -> sa.TableClause:
    return sa.table(
        "campaign_questions",
        sa.column("campaign_text_id", Id),
        sa.column("purpose", sa.String),
        sa.column("consent_text_id", Id),
        sa.column("required", sa.Boolean),
    )


def _texts() -> sa.TableClause:
    return sa.table(
        "campaign_texts", sa.column("id", Id), *(sa.column(name, Id) for name in COLUMNS.values())
    )


def upgrade() -> None:
    texts = _texts()
    kept = op.get_bind().execute(sa.select(texts).order_by(texts.c.id)).mappings().all()
    with op.batch_alter_table("campaign_texts") as batch:
        for name in COLUMNS.values():
            batch.drop_constraint(op.f(f"fk_campaign_texts_{name}"), type_="foreignkey")
            batch.drop_column(name)
    op.create_table(
        "campaign_questions",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_text_id", Id, nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("consent_text_id", Id, nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_text_id"],
            ["campaign_texts.id"],
            name=op.f("fk_campaign_questions_campaign_text_id"),
        ),
        sa.ForeignKeyConstraint(
            ["consent_text_id"],
            ["consent_texts.id"],
            name=op.f("fk_campaign_questions_consent_text_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_questions")),
        sa.UniqueConstraint(
            "campaign_text_id",
            "purpose",
            name=op.f("uq_campaign_questions_campaign_text_id_purpose"),
        ),
    )
    op.bulk_insert(
        _questions(),
        [
            {
                "campaign_text_id": text["id"],
                "purpose": purpose,
                "consent_text_id": text[name],
                "required": True,
            }
            for text in kept
            for purpose, name in COLUMNS.items()
        ],
    )


def downgrade() -> None:
    """Further questions are gone then: there is no column for them. Their answers stay."""
    questions, texts = _questions(), _texts()
    kept = op.get_bind().execute(sa.select(questions)).mappings().all()
    op.drop_table("campaign_questions")
    with op.batch_alter_table("campaign_texts") as batch:
        for name in COLUMNS.values():
            batch.add_column(sa.Column(name, Id, nullable=True))
    for row in kept:
        if row["purpose"] in COLUMNS:
            op.execute(
                texts.update()
                .where(texts.c.id == row["campaign_text_id"])
                .values({COLUMNS[row["purpose"]]: row["consent_text_id"]})
            )
    with op.batch_alter_table("campaign_texts") as batch:
        for name in COLUMNS.values():
            batch.alter_column(name, existing_type=Id, nullable=False)
            batch.create_foreign_key(
                op.f(f"fk_campaign_texts_{name}"), "consent_texts", [name], ["id"]
            )
