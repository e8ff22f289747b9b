"""Find out whether a service accepts the credentials: asked once, at once, without a task.

In: a `CloudService`. Out: nothing, or an error that says whether nobody answered or somebody refused. An id
with its secret costs no call of the plan, a ready token one.
"""

from __future__ import annotations

import asyncio
import uuid

from ...errors import CredentialsRefused
from ..auth import TokenAuth, fetch_token
from ..pace import Pace
from ..wire_names import TASK_STATUS
from .addresses import token_address
from .client import CloudService
from .exchange import Exchange, Outgoing
from .refusals import refusal

_NOT_ACCEPTED = {401, 403}


async def sign_in(service: CloudService) -> None:
    """Ask the service whether it knows these credentials; nothing is tried twice.

    Raises:
        CredentialsRefused: it does not, or there are none.
        ServiceError: it could not be asked.
        SettingsError: the secret would travel in the clear.
    """
    credentials = service.credentials
    if credentials is None:
        raise CredentialsRefused(f"There are no credentials for {service.base_url}.")
    address = token_address(service.base_url, service.settings)
    if credentials.client_secret is not None:
        await asyncio.to_thread(fetch_token, credentials, address)
        return
    auth = TokenAuth(credentials, address)
    exchange = Exchange(service.base_url, auth, meter=service.meter, pace=Pace(1), attempts=1)
    try:
        # The state of a task that never was: the smallest thing that can be asked with a token.
        answer = await exchange.send(Outgoing("GET", TASK_STATUS, {"id": str(uuid.uuid4())}))
    finally:
        await exchange.aclose()
    if answer.status in _NOT_ACCEPTED or answer.status >= 500:
        raise refusal(answer, "The access token")
