"""Organisations, projects, users and keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jackfield import PermissionDenied
from jackfield_gateway.state import Keys, Teams

from ._visit import Missing, Visit

Name = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
Patterns = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]
RoleName = Literal["viewer", "member", "admin"]


def _sensible(moment: datetime) -> datetime:
    if not 2000 <= moment.year <= 9000:
        raise ValueError("a year from 2000 to 9000 is needed")
    return moment


class Body(BaseModel):
    """What is sent: nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class NewOrganisation(Body):
    """An organisation to be made."""

    name: Name


class NewProject(Body):
    """A project to be made, in the organisation of the key where none is named."""

    name: Name
    organisation_id: Id | None = None


class NewUser(NewProject):
    """A user to be made."""

    role: RoleName = "member"


class ChangedUser(Body):
    """What becomes of a user; a disabled one has no key any more."""

    role: RoleName | None = None
    disabled: Literal[True] | None = None


class NewKey(Body):
    """A key to be issued. `models` and `routes` are patterns as fnmatch has them."""

    name: Name
    project_id: Id | None = None
    user_id: Id | None = None
    role: RoleName = "member"
    models: Patterns = Field(default=["*"])
    routes: Patterns = Field(default=["*"])
    expires: Annotated[datetime, AfterValidator(_sensible)] | None = None


class Rotation(Body):
    """For how long the old key is still taken."""

    overlap_hours: float = Field(default=24.0, ge=0, le=24 * 365)


class OfOrganisation(Body):
    """Whose are listed; an operator sees all where none is named."""

    organisation_id: Id | None = None


class OfKeys(OfOrganisation):
    """Which keys are listed."""

    project_id: Id | None = None
    ended: bool = False


async def me(visit: Visit) -> Any:
    """Say who the caller is."""
    identity = visit.identity
    return {
        "key_id": identity.key_id, "name": identity.name, "role": identity.role, "project_id": identity.project_id,
        "organisation_id": identity.organisation_id, "user_id": identity.user_id, "models": identity.models,
        "routes": identity.routes, "is_operator": visit.is_operator,
    }  # fmt: skip


async def organisations(visit: Visit) -> Any:
    """List organisations."""
    wanted = visit.organisation(None)
    found = await Teams(visit.team.store).organisations()
    return {"data": [one for one in found if wanted in (None, one.id)]}


async def add_organisation(visit: Visit) -> Any:
    """Make an organisation; operators may."""
    if not visit.is_operator:
        raise PermissionDenied("organisations are made by administrators of the first one", status=403)
    made = await Teams(visit.team.store).add_organisation(visit.body.name)
    await visit.noted("organisation.create", made.id, name=made.name)
    return made


async def projects(visit: Visit) -> Any:
    """List projects."""
    teams, wanted = Teams(visit.team.store), visit.organisation(visit.query.organisation_id)
    ids = [wanted] if wanted is not None else [one.id for one in await teams.organisations()]
    return {"data": [project for one in ids for project in await teams.projects(one)]}


async def add_project(visit: Visit) -> Any:
    """Make a project."""
    organisation = visit.own(visit.body.organisation_id)
    made = await Teams(visit.team.store).add_project(organisation, visit.body.name)
    await visit.noted("project.create", made.id, organisation, name=made.name)
    return made


async def users(visit: Visit) -> Any:
    """List users."""
    teams, wanted = Teams(visit.team.store), visit.organisation(visit.query.organisation_id)
    ids = [wanted] if wanted is not None else [one.id for one in await teams.organisations()]
    return {"data": [user for one in ids for user in await teams.users(one)]}


async def add_user(visit: Visit) -> Any:
    """Make a user."""
    organisation = visit.own(visit.body.organisation_id)
    made = await Teams(visit.team.store).add_user(organisation, visit.body.name, visit.body.role)
    await visit.noted("user.create", made.id, organisation, name=made.name, role=made.role)
    return made


async def change_user(visit: Visit) -> Any:
    """Give a user another role, or disable one."""
    teams, user_id = Teams(visit.team.store), visit.variables["id"]
    user = await teams.user(user_id)
    if user is None or (not visit.is_operator and user.organisation_id != visit.identity.organisation_id):
        raise Missing(f"there is no user {user_id[:100]!r}", status=404, param="id")
    if visit.body.role is not None:
        await teams.set_role(user_id, visit.body.role)
    if visit.body.disabled:
        await teams.disable(user_id)
    visit.after.append(visit.team.identities.forget)
    await visit.noted("user.change", user_id, user.organisation_id, **visit.body.model_dump(exclude_none=True))
    return await teams.user(user_id)


async def keys(visit: Visit) -> Any:
    """List keys, without their texts."""
    query = visit.query
    project = None if query.project_id is None else (await visit.project(query.project_id)).id
    found = await Keys(visit.team.store, visit.team.secret).list(
        project_id=project, organisation_id=visit.organisation(query.organisation_id), ended=query.ended
    )
    return {"data": found}


async def add_key(visit: Visit) -> Any:
    """Issue a key; its text is in this answer alone."""
    body = visit.body
    project = await visit.project(body.project_id)
    issued = await Keys(visit.team.store, visit.team.secret).create(
        project.id, body.name, role=body.role, user_id=body.user_id, models=body.models, routes=body.routes,
        expires=body.expires,
    )  # fmt: skip
    details = body.model_dump(mode="json", exclude_none=True, exclude={"project_id"})
    await visit.noted("key.create", issued.key.id, project.organisation_id, **details)
    return {"key": issued.text, "data": issued.key}


async def revoke_key(visit: Visit) -> Any:
    """Refuse a key from now on; other processes know it within ten seconds."""
    key = await visit.key(visit.variables["id"])
    await Keys(visit.team.store, visit.team.secret).revoke(key.id)
    visit.after.append(visit.team.identities.forget)
    await visit.noted("key.revoke", key.id, (await visit.project(key.project_id)).organisation_id)
    return await visit.key(key.id)


async def rotate_key(visit: Visit) -> Any:
    """Issue a key in the place of one."""
    key = await visit.key(visit.variables["id"])
    overlap = timedelta(hours=visit.body.overlap_hours)
    issued = await Keys(visit.team.store, visit.team.secret).rotate(key.id, overlap=overlap)
    visit.after.append(visit.team.identities.forget)
    organisation = (await visit.project(key.project_id)).organisation_id
    await visit.noted("key.rotate", key.id, organisation, successor=issued.key.id)
    return {"key": issued.text, "data": issued.key}
