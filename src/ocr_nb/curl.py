"""A request as the cURL command that would send it: for lessons, bug reports and other languages.

In: a service address and a request; out: text. The token is a shell variable, never the token itself; the
image is a file name, never its bytes. Sends nothing.
"""

from __future__ import annotations

import json
import shlex

from .service.cloud import CloudService
from .service.cloud.addresses import is_at_home
from .service.protocol import OcrRequest, Operation
from .service.wire import encode_settings, find_endpoint
from .service.wire_names import UPLOAD_PART, Generation

_TOKEN = '--header "Authorization: Bearer $OCR_NB_ACCESS_TOKEN"'
"""Double quotes, so that the shell puts the value in."""


def as_curl(service: CloudService, request: OcrRequest) -> str:
    """Return the command for `request`, as `service` would send it; `sh` understands it.

    The current generation carries the image in Base64 inside JSON, which the command makes on the fly, so
    that an image of any size fits.
    """
    generation: Generation = service.generation
    endpoint = find_endpoint(request.operation, generation)
    name = shlex.quote(f"./{request.name}" if request.name.startswith("-") else request.name)
    address = f"{service.base_url}/{endpoint.submit}"
    if request.factor and not is_at_home(service.base_url):
        address += f"?factor={request.factor}"
    lines = [f"curl --location --request POST {shlex.quote(address)}"]
    if request.operation is not Operation.RECOGNIZE_TRIAL and service.credentials is not None:
        lines.append(_TOKEN)
    if endpoint.is_multipart:
        lines.append(f"--form {shlex.quote(f'{UPLOAD_PART}=@{_form_name(request.name)}')}")
        return " \\\n  ".join(lines)
    lines += ['--header "Content-Type: application/json"', "--data-binary @-"]
    tail = "}"
    if not request.operation.is_filter:
        tail = f', "settings": {json.dumps(encode_settings(request.operation, request.settings))}}}'
    opening, closing = shlex.quote('{"image": "'), shlex.quote(f'"{tail}')
    body = f"{{ printf %s {opening}; base64 {name} | tr -d '\\n'; printf %s {closing}; }}"
    return f"{body} |\n" + " \\\n  ".join(lines)


def _form_name(name: str) -> str:
    """Quote a file name for `--form`, to which comma and semicolon mean something."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
