"""Budgets, what they have spent, what is leased of them, and what was charged."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "budgets",
        sa.Column("id", sa.Text),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_budgets"),
        sa.UniqueConstraint("scope", "subject_id", "period", name="uq_budgets_scope_subject_id_period"),
    )
    op.create_table(
        "balances",
        sa.Column("budget_id", sa.Text),
        sa.Column("begins", sa.BigInteger),
        sa.Column("spent", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("budget_id", "begins", name="pk_balances"),
    )
    op.create_table(
        "leases",
        sa.Column("budget_id", sa.Text),
        sa.Column("begins", sa.BigInteger),
        sa.Column("holder", sa.Text),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("budget_id", "begins", "holder", name="pk_leases"),
    )
    op.create_table(
        "settlements",
        sa.Column("request_id", sa.Text),
        sa.Column("key_id", sa.Text),
        sa.Column("project_id", sa.Text),
        sa.Column("organisation_id", sa.Text),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("settled", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_settlements"),
    )
    op.create_index("ix_settlements_settled", "settlements", ["settled"])
