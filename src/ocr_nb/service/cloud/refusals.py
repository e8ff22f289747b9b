"""What an answer that is no success means, in words a user can act on."""

from __future__ import annotations

from ...errors import CredentialsRefused, RequestRefused, ServiceError, UnreadableAnswer
from ..wire_json import describe_problem
from .exchange import Answer

_NEXT_STEP = {
    400: "Check the image and the settings.",
    402: "The plan is used up or unpaid: look at the account's page in the dashboard.",
    404: "Check the address of the service.",
    405: "Check the address of the service.",
    408: "Try again later.",
    410: "This way of asking no longer exists there.",
    413: "Send a smaller image.",
    415: "Send PNG, JPEG, TIFF, BMP or GIF.",
}
_FAILED_BEFORE_ACCEPTING = {500, 501}
"""Of the server errors those by which the service itself says that it did not take the request; the others
(502, 504) come from something in between, which does not know."""


def refusal(answer: Answer, what: str) -> ServiceError:
    """Return the error for an answer that is no success.

    Args:
        answer: any status but 200.
        what: what was asked, to begin the sentence: "The upload to UpscaleImage".
    """
    status, said = answer.status, describe_problem(answer.content)
    detail = f": {said.rstrip('.')}." if said else "."
    text = answer.content[:2000].decode("utf-8", "replace")
    if status in {401, 403}:
        return CredentialsRefused(
            f"{what} was refused with status {status}{detail} Check the client id and secret; a ready access "
            "token lives an hour only."
        )
    if 300 <= status < 400:
        target = answer.headers.get("location", "another address")
        return RequestRefused(
            f"{what} was redirected to {target[:200]}: set that address as the service's base URL.",
            status=status,
        )
    if status >= 500:
        return RequestRefused(
            f"The service failed with status {status}{detail} Try again later.", status=status, body=text
        )
    if status >= 400:
        step = _NEXT_STEP.get(status, "The request was not carried out.")
        return RequestRefused(
            f"{what} was refused with status {status}{detail} {step}", status=status, body=text
        )
    return UnreadableAnswer(f"{what} was answered with status {status}, where 200 was expected.")


def may_have_been_accepted(answer: Answer) -> bool:
    """Tell whether a POST with this answer may have put a task in the queue all the same."""
    return answer.status < 300 or (answer.status >= 502 and answer.status not in _FAILED_BEFORE_ACCEPTING)
