"""Credentials of providers, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "credentials",
        sa.Column("id", sa.Text),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("project_id", "provider", "name", name="uq_credentials_project_id_provider_name"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_credentials_project_id"),
    )
