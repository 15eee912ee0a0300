"""The history of requests."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "requests",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("user_agent", sa.Text),
        sa.Column("key_id", sa.Text),
        sa.Column("project_id", sa.Text),
        sa.Column("user", sa.Text),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("provider", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("attempts", sa.JSON),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cached_tokens", sa.BigInteger),
        sa.Column("reasoning_tokens", sa.BigInteger),
        sa.Column("cost", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("first_delta_ms", sa.Integer),
        sa.Column("total_ms", sa.Integer),
        sa.Column("sandboxed", sa.Boolean, nullable=False),
        sa.Column("error_class", sa.Text),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("asked", sa.Text),
        sa.Column("answered", sa.Text),
    )
    op.create_index("ix_requests_started", "requests", ["started", "id"])
    for name in ("key_id", "project_id", "user", "provider", "model", "status"):
        op.create_index(f"ix_requests_{name}", "requests", [name, "started", "id"])
    failed = sa.text("error_class IS NOT NULL")
    op.create_index("ix_requests_failed", "requests", ["started", "id"], sqlite_where=failed, postgresql_where=failed)
