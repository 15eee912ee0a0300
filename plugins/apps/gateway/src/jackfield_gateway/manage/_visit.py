"""One visit to the management API: who comes, what was sent, and how far that one may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jackfield import JackfieldError, PermissionDenied
from jackfield_gateway._call import Call

if TYPE_CHECKING:
    from jackfield_gateway._app import GatewayApp
    from jackfield_gateway._team import Team
    from jackfield_gateway.state import Identity, Key, Project


class Missing(JackfieldError):
    """Nothing has this id, or nothing that the caller may know of."""


@dataclass(slots=True)
class Visit:
    """A call that was let in; `body` and `query` are what the address takes, read and checked.

    `after` is done once what was changed is committed.
    """

    app: GatewayApp
    call: Call
    variables: Mapping[str, str]
    body: Any = None
    query: Any = None
    after: list[Callable[[], None]] = field(default_factory=list)

    @property
    def team(self) -> Team:
        """The database."""
        assert self.app.team is not None
        return self.app.team

    @property
    def identity(self) -> Identity:
        """Whose key it is."""
        assert self.call.identity is not None
        return self.call.identity

    @property
    def is_operator(self) -> bool:
        """Whether the key is an administrator's of the first organisation, who manages all of them."""
        return self.identity.may("admin") and self.identity.organisation_id == self.team.operators

    def organisation(self, wanted: str | None) -> str | None:
        """Return the organisation that is looked at; None: all of them, for an operator who names none.

        Raises:
            PermissionDenied: it is another one's.
        """
        if self.is_operator:
            return wanted
        if wanted not in (None, self.identity.organisation_id):
            raise PermissionDenied("organisation_id: it is not the key's", status=403, param="organisation_id")
        return self.identity.organisation_id

    def own(self, organisation_id: str | None) -> str:
        """Return the organisation in which something is made: the one that is named, else the key's.

        Raises:
            PermissionDenied: it is another one's.
        """
        return self.organisation(organisation_id) or self.identity.organisation_id

    async def project(self, project_id: str | None) -> Project:
        """Return a project by id or name; the key's own where none is named.

        Raises:
            Missing: there is none that the caller may know of.
        """
        from jackfield_gateway.state import Teams

        name = project_id or self.identity.project_id
        found = await Teams(self.team.store).project(name, self.identity.organisation_id)
        if found is None or not self._sees(found.organisation_id):
            raise Missing(f"project_id: there is no project {name[:100]!r}", status=404, param="project_id")
        return found

    async def key(self, key_id: str) -> Key:
        """Return a key.

        Raises:
            Missing: there is none that the caller may know of.
        """
        from jackfield_gateway.state import Keys, Teams

        found = await Keys(self.team.store, self.team.secret).one(key_id)
        project = (
            None
            if found is None
            else await Teams(self.team.store).project(found.project_id, self.identity.organisation_id)
        )
        if found is None or project is None or not self._sees(project.organisation_id):
            raise Missing(f"there is no key {key_id[:100]!r}", status=404, param="id")
        return found

    async def noted(self, action: str, subject: str, organisation_id: str | None = None, **details: Any) -> None:
        """Write into the audit log what was changed."""
        from jackfield_gateway.state import Audit

        await Audit(self.team.store).add(
            self.identity.key_id, action, subject, organisation_id=organisation_id or self.identity.organisation_id,
            details=details or None, address=self.app.edge.client(self.call.peer, self.call.headers) or None,
        )  # fmt: skip

    def _sees(self, organisation_id: str) -> bool:
        return self.is_operator or organisation_id == self.identity.organisation_id
