"""`ProviderConformance`: every check of a provider in one class to inherit from."""

from __future__ import annotations

from ._error_checks import Errors
from ._live_checks import Live
from ._money_checks import Money
from ._purity_checks import Purity
from ._registration import Registration
from ._secrets import Secrets
from ._state_checks import States


class ProviderConformance(Registration, Purity, Secrets, Errors, States, Money, Live):
    """What a provider must do; a subclass names it, and pytest runs the rest.

    `name` is the provider's. `model` is what is asked (else the catalog's default), `dialect` another than the main
    one, `cassettes` a folder of vcrpy's cassettes, `environ` values of settings that have no default. `plugin`,
    `data` and `companions` register what is not installed.
    """
