"""The state of a gateway: history, keys, money, limits and credentials in one database. Nothing here is imported
before it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jackfield import ConfigurationError

if TYPE_CHECKING:
    from .audit import Audit as Audit
    from .audit import Audited as Audited
    from .budgets import Budget as Budget
    from .budgets import Budgets as Budgets
    from .budgets import BudgetState as BudgetState
    from .clock import new_id as new_id
    from .entries import Content as Content
    from .entries import Entry as Entry
    from .errors import BudgetExceeded as BudgetExceeded
    from .errors import InvalidCursor as InvalidCursor
    from .errors import LimitExceeded as LimitExceeded
    from .errors import StoreUnavailable as StoreUnavailable
    from .errors import WrongSchema as WrongSchema
    from .errors import WrongSecret as WrongSecret
    from .filters import Filter as Filter
    from .filters import Group as Group
    from .history import History as History
    from .identity import Identities as Identities
    from .identity import Identity as Identity
    from .keys import Issued as Issued
    from .keys import Key as Key
    from .keys import Keys as Keys
    from .ledger import Ledger as Ledger
    from .ledger import Payer as Payer
    from .ledger import Reservation as Reservation
    from .limits import Limits as Limits
    from .limits import Permit as Permit
    from .migrating import Checked as Checked
    from .migrating import backup as backup
    from .migrating import check as check
    from .migrating import upgrade as upgrade
    from .money import decimal as decimal
    from .money import nanos as nanos
    from .rates import Limit as Limit
    from .reading import Page as Page
    from .reading import Recorded as Recorded
    from .reading import Requests as Requests
    from .reading import Total as Total
    from .sealed import Credentials as Credentials
    from .sealed import SealedCredential as SealedCredential
    from .sealed import Unsealed as Unsealed
    from .secret import Secret as Secret
    from .secret import read_secret as read_secret
    from .storage import Store as Store
    from .storage import open_store as open_store
    from .teams import Organisation as Organisation
    from .teams import Project as Project
    from .teams import Role as Role
    from .teams import Teams as Teams
    from .teams import User as User

_HOME = {
    **dict.fromkeys(("Audit", "Audited"), "audit"),
    **dict.fromkeys(("Credentials", "SealedCredential", "Unsealed"), "sealed"),
    **dict.fromkeys(("Limits", "Permit"), "limits"),
    "Limit": "rates",
    **dict.fromkeys(("Budget", "BudgetState", "Budgets"), "budgets"),
    **dict.fromkeys(("Ledger", "Payer", "Reservation"), "ledger"),
    **dict.fromkeys(("decimal", "nanos"), "money"),
    "new_id": "clock",
    **dict.fromkeys(
        ("BudgetExceeded", "InvalidCursor", "LimitExceeded", "StoreUnavailable", "WrongSchema", "WrongSecret"), "errors"
    ),
    **dict.fromkeys(("Content", "Entry"), "entries"),
    **dict.fromkeys(("Filter", "Group"), "filters"),
    "History": "history",
    **dict.fromkeys(("Page", "Recorded", "Requests", "Total"), "reading"),
    **dict.fromkeys(("Checked", "backup", "check", "upgrade"), "migrating"),
    **dict.fromkeys(("Identities", "Identity"), "identity"),
    **dict.fromkeys(("Issued", "Key", "Keys"), "keys"),
    **dict.fromkeys(("Secret", "read_secret"), "secret"),
    **dict.fromkeys(("Store", "open_store"), "storage"),
    **dict.fromkeys(("Organisation", "Project", "Role", "Teams", "User"), "teams"),
}
_EXTRAS = {"sqlalchemy": "store", "alembic": "store", "cryptography": "store"}
__all__ = [
    "Audit", "Audited", "Budget", "BudgetExceeded", "BudgetState", "Budgets", "Checked", "Content", "Credentials",
    "Entry", "Filter", "Group", "History", "Identities", "Identity", "InvalidCursor", "Issued", "Key", "Keys",
    "Ledger", "Limit", "LimitExceeded", "Limits", "Organisation", "Page", "Payer", "Permit", "Project", "Recorded",
    "Requests", "Reservation", "Role", "SealedCredential", "Secret", "Store", "StoreUnavailable", "Teams", "Total",
    "Unsealed", "User", "WrongSchema", "WrongSecret", "backup", "check", "decimal", "nanos", "new_id", "open_store",
    "read_secret", "upgrade",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        try:
            found = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if (extra := _EXTRAS.get(missing)) is None:
                raise
            what = f"{name} needs {missing}; pip install 'jackfield-gateway[{extra}]'"
            raise ConfigurationError(what) from None
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
