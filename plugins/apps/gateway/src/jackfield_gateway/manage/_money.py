"""Budgets, and credentials of providers."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from jackfield import InvalidInput, PermissionDenied
from jackfield_gateway._lending import sealable
from jackfield_gateway.state import Budgets, BudgetState, Credentials, decimal, nanos

from ._people import Body, Id, Name, OfOrganisation
from ._visit import Missing, Visit

Scope = Literal["key", "project", "organisation"]


class SetBudget(Body):
    """What a key, a project or an organisation may spend, in US dollars."""

    scope: Scope
    subject_id: Id
    period: Literal["total", "day", "week", "month", "year"]
    amount: Annotated[Decimal, Field(ge=0, le=1_000_000_000, max_digits=20, decimal_places=9)]


class OfBudgets(OfOrganisation):
    """Whose budgets are listed."""

    scope: Scope | None = None
    subject_id: Id | None = None


class PutCredential(Body):
    """A provider's credential of a project, which is sealed; `values` as the provider's catalog names them."""

    provider: Name
    values: Annotated[dict[Annotated[str, Field(max_length=100)], SecretStr], Field(min_length=1, max_length=20)]
    project_id: Id | None = None
    name: Name = "default"


class OfCredentials(Body):
    """Whose credentials are listed, or removed where a provider is named."""

    project_id: Id | None = None


class OneCredential(OfCredentials):
    """A credential to be removed."""

    provider: Name
    name: Name = "default"


async def budgets(visit: Visit) -> Any:
    """List budgets and where they stand; who is no administrator sees those of the own key, project, organisation."""
    query, identity = visit.query, visit.identity
    states = await Budgets(visit.team.store).list(query.scope, query.subject_id)
    if not identity.may("admin"):
        own = {identity.key_id, identity.payer_id, identity.project_id, identity.organisation_id}
        states = [one for one in states if one.budget.subject_id in own]
    else:
        wanted = visit.organisation(query.organisation_id)
        states = [one for one in states if wanted is None or await _organisation(visit, one.budget) == wanted]
    return {"data": [_shown(one) for one in states]}


def _may_set(visit: Visit, scope: str) -> None:
    """What binds an organisation is the operators' to set.

    Raises:
        PermissionDenied: the caller is of the organisation itself.
    """
    if scope == "organisation" and not visit.is_operator:
        raise PermissionDenied("budgets of organisations are set by administrators of the first one", status=403)


async def set_budget(visit: Visit) -> Any:
    """Set a budget, in place of the one that the subject has for the period."""
    body = visit.body
    _may_set(visit, body.scope)
    organisation = await _organisation(visit, body)
    if organisation is None or (not visit.is_operator and organisation != visit.identity.organisation_id):
        raise Missing(f"subject_id: there is no {body.scope} {body.subject_id!r:.100}", status=404, param="subject_id")
    subject = body.subject_id
    if body.scope == "key" and not subject.startswith(
        "jwt:"
    ):  # a key that was rotated pays from its first one's budget
        key = await visit.key(subject)
        subject = key.root_id or key.id
    made = await Budgets(visit.team.store).set(body.scope, subject, body.period, nanos(body.amount))
    visit.after.append(visit.team.ledger.forget)
    await visit.noted("budget.set", made.id, organisation, **body.model_dump(mode="json"))
    return _shown(next(one for one in await Budgets(visit.team.store).list(body.scope, subject)
                       if one.budget.id == made.id))  # fmt: skip


async def remove_budget(visit: Visit) -> Any:
    """Remove a budget, with what it has spent."""
    budget_id = visit.variables["id"]
    found = next((one for one in await Budgets(visit.team.store).list() if one.budget.id == budget_id), None)
    organisation = None if found is None else await _organisation(visit, found.budget)
    if found is None or (not visit.is_operator and organisation != visit.identity.organisation_id):
        raise Missing(f"there is no budget {budget_id[:100]!r}", status=404, param="id")
    _may_set(visit, found.budget.scope)
    await Budgets(visit.team.store).remove(budget_id)
    visit.after.append(visit.team.ledger.forget)
    await visit.noted("budget.remove", budget_id, organisation)
    return {"removed": True}


async def credentials(visit: Visit) -> Any:
    """List the credentials of a project, without their values."""
    project = await visit.project(visit.query.project_id)
    return {"data": await Credentials(visit.team.store, [visit.team.secret]).list(project.id)}


async def put_credential(visit: Visit) -> Any:
    """Seal a credential; it can be replaced and removed, and never be read."""
    body = visit.body
    project = await visit.project(body.project_id)
    if body.provider not in visit.app.boards.providers():
        raise InvalidInput(f"provider: nothing has the name {body.provider!r}", param="provider")
    known = sealable(visit.app.boards.info(body.provider))
    if unknown := sorted(body.values.keys() - known):  # no base URL: where a key goes is the operator's to say
        what = f"values.{unknown[0][:100]}: {body.provider} proves who asks with {', '.join(sorted(known))}"
        raise InvalidInput(what, param="values")
    values = {name: value.get_secret_value() for name, value in body.values.items()}
    await Credentials(visit.team.store, [visit.team.secret]).put(project.id, body.provider, values, name=body.name)
    visit.after.append(partial(visit.team.lending.forget, project.id))
    await visit.noted(
        "credential.put", project.id, project.organisation_id, provider=body.provider, name=body.name,
        values=sorted(values),
    )  # fmt: skip
    return {"provider": body.provider, "name": body.name, "project_id": project.id}


async def remove_credential(visit: Visit) -> Any:
    """Remove a credential; the gateway's own is used from then on."""
    query = visit.query
    project = await visit.project(query.project_id)
    sealed = Credentials(visit.team.store, [visit.team.secret])
    if not await sealed.remove(project.id, query.provider, name=query.name):
        raise Missing(f"the project has no credential {query.name!r:.60} for {query.provider!r:.60}", status=404)
    visit.after.append(partial(visit.team.lending.forget, project.id))
    await visit.noted(
        "credential.remove", project.id, project.organisation_id, provider=query.provider, name=query.name
    )
    return {"removed": True}


async def _organisation(visit: Visit, budget: Any) -> str | None:
    """Return whose organisation the subject of a budget is of; None where the caller may not know of it."""
    try:
        if budget.scope == "organisation":
            from jackfield_gateway.state import Teams

            known = {one.id for one in await Teams(visit.team.store).organisations()}
            return budget.subject_id if budget.subject_id in known else None
        if budget.scope == "project":
            return (await visit.project(budget.subject_id)).organisation_id
        if budget.subject_id.startswith("jwt:"):  # a token's bearer has no row
            return visit.identity.organisation_id if visit.is_operator else None
        return (await visit.project((await visit.key(budget.subject_id)).project_id)).organisation_id
    except Missing:
        return None


def _shown(state: BudgetState) -> dict[str, Any]:
    budget = state.budget
    return {
        "id": budget.id, "scope": budget.scope, "subject_id": budget.subject_id, "period": budget.period,
        "created": budget.created, "resets": state.resets,
        **{name: format(decimal(value), "f") for name, value in (
            ("amount", budget.amount), ("spent", state.spent), ("leased", state.leased), ("left", state.left),
        )},
    }  # fmt: skip
