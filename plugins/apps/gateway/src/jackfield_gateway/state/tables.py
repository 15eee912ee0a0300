"""The tables, as the newest migration leaves them; a test compares the two.

Times are microseconds since 1970 in UTC and amounts are nano-units of a currency, both as whole numbers: the same on
every database. Ids are text that sorts by time.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    column,
)

__all__ = [
    "AUDIT", "BALANCES", "BUDGETS", "CREDENTIALS", "HEAD", "KEYS", "LEASES", "METADATA", "ORGANISATIONS",
    "PROJECTS", "REQUESTS", "SETTLEMENTS", "USERS",
]  # fmt: skip

#: The newest migration; `open_store` wants this one.
HEAD = "0007"

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

REQUESTS = Table(
    "requests",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("started", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("user_agent", Text),
    Column("key_id", Text),
    Column("project_id", Text),
    Column("user", Text),
    Column("route", Text, nullable=False),
    Column("provider", Text),
    Column("model", Text),
    Column("attempts", JSON(none_as_null=True)),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("cost", BigInteger),
    Column("currency", Text),
    Column("first_delta_ms", Integer),
    Column("total_ms", Integer),
    Column("sandboxed", Boolean, nullable=False),
    Column("error_class", Text),
    Column("content", Text, nullable=False),
    Column("asked", Text),
    Column("answered", Text),
)
# Each has the order of a page, so that a page is read from an index and never sorted. An index costs every request:
# what may have a few rows among millions has its own, and what has few values is skipped in the index of the order.
Index(
    "ix_requests_started",
    *(REQUESTS.c[_name] for _name in ("started", "id", "provider", "model", "status")),
)
for _name in ("key_id", "project_id"):
    Index(f"ix_requests_{_name}", REQUESTS.c[_name], REQUESTS.c.started, REQUESTS.c.id)
_NAMED = REQUESTS.c.user.is_not(None)
Index(
    "ix_requests_user", REQUESTS.c.user, REQUESTS.c.started, REQUESTS.c.id,
    sqlite_where=_NAMED, postgresql_where=_NAMED,
)  # fmt: skip
_FAILED = column("error_class").is_not(None)
Index("ix_requests_failed", REQUESTS.c.started, REQUESTS.c.id, sqlite_where=_FAILED, postgresql_where=_FAILED)

ORGANISATIONS = Table(
    "organisations",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
)

PROJECTS = Table(
    "projects",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "name"),
)

USERS = Table(
    "users",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("disabled", BigInteger),
    UniqueConstraint("organisation_id", "name"),
)

KEYS = Table(
    "keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False, index=True),
    Column("user_id", Text, ForeignKey("users.id")),
    Column("role", Text, nullable=False),
    Column("models", JSON, nullable=False),
    Column("routes", JSON, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
    Column("successor_id", Text),
    Column("root_id", Text),
)

BUDGETS = Table(
    "budgets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    UniqueConstraint("scope", "subject_id", "period"),
)

# What a budget has spent in a period, which is one row: whoever takes from a budget locks it.
BALANCES = Table(
    "balances",
    METADATA,
    Column("budget_id", Text, primary_key=True),
    Column("begins", BigInteger, primary_key=True),
    Column("spent", BigInteger, nullable=False),
)

# What a process may spend and has not: `spent` and the leases together never pass the budget.
LEASES = Table(
    "leases",
    METADATA,
    Column("budget_id", Text, primary_key=True),
    Column("begins", BigInteger, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)

# One row for each request that was charged; its id keeps it from being charged twice.
SETTLEMENTS = Table(
    "settlements",
    METADATA,
    Column("request_id", Text, primary_key=True),
    Column("key_id", Text),
    Column("project_id", Text),
    Column("organisation_id", Text),
    Column("cost", BigInteger, nullable=False),
    Column("settled", BigInteger, nullable=False, index=True),
)

CREDENTIALS = Table(
    "credentials",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    UniqueConstraint("project_id", "provider", "name"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("organisation_id", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSON(none_as_null=True)),
    Column("address", Text),
    Index("ix_audit_at", "at", "id"),
)
