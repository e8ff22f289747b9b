"""Loaded by schemathesis: read a text/plain answer as a string, so that its links can carry a task id on."""

import schemathesis


@schemathesis.deserializer("text/plain", "text/plain; charset=utf-8")
def read_plain_text(context, response):
    """Return the text of the answer."""
    return response.text
