"""Fewer indexes on the history: each costs every request, and what has few values is read beside the order of a page.

A key, a project and a user may have a few rows of a million, and keep an index of their own; who names no user costs
none. Of providers, models and statuses there are few: the index of the order holds them, and rows are skipped there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_DROPPED = ("provider", "model", "status")


def upgrade() -> None:
    """Drop them, and make those anew that change."""
    for name in ("started", "user", *_DROPPED):
        op.drop_index(f"ix_requests_{name}", "requests")
    op.create_index("ix_requests_started", "requests", ["started", "id", *_DROPPED])
    named = sa.text('"user" IS NOT NULL')
    op.create_index(
        "ix_requests_user", "requests", ["user", "started", "id"], sqlite_where=named, postgresql_where=named
    )


def downgrade() -> None:
    """Make them as they were."""
    for name in ("started", "user"):
        op.drop_index(f"ix_requests_{name}", "requests")
    op.create_index("ix_requests_started", "requests", ["started", "id"])
    for name in ("user", *_DROPPED):
        op.create_index(f"ix_requests_{name}", "requests", [name, "started", "id"])
