"""Read `multipart/form-data` by part name; file names and part types are ignored, or missing.

Every official SDK forms its parts differently: some send no file name, one sends the full path of the
client's file. Only the name of the part and its bytes are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS = 100
"""Parts kept; a form of this protocol has at most four."""


class MalformedForm(ValueError):
    """The body is not the form its content type announces."""


def parse_multipart(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """Return the parts as (name, bytes) in order; a part without a name has the name "".

    Raises:
        MalformedForm: no boundary, a broken structure, no closing boundary, or over `MOST_PARTS` parts.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise MalformedForm("The Content-Type has no boundary, so the parts cannot be told apart.")
    collector = _Collector()
    try:
        parser = MultipartParser(boundary, collector.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise MalformedForm(f"The body is not multipart/form-data ({error}).") from error
    if not collector.ended:
        raise MalformedForm("The body ends before its closing boundary.")
    return collector.parts


class _Collector:
    """Takes the parser's callbacks and keeps whole parts."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, bytes]] = []
        self.ended = False
        self._header = bytearray()
        self._value = bytearray()
        self._name = ""
        self._data = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._data.extend(memoryview(data)[start:end]),
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise FormParserError(f"over {MOST_PARTS} parts")
        self._name, self._data = "", bytearray()

    def _end_header(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._header.clear()
        self._value.clear()

    def _end_part(self) -> None:
        self.parts.append((self._name, bytes(self._data)))

    def _end(self) -> None:
        self.ended = True
