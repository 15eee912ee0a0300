"""The management API, below `/api/manage/`: keys, people, money, history and state of a gateway with a database."""

from ._family import ManageFamily

__all__ = ["ManageFamily"]
