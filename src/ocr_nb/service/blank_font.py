"""A TrueType font whose letters are all the same box: for the invisible text layer of a searchable PDF.

In: the characters needed; out: the bytes of a font file. Every letter is half an em wide, so that a text
layer can be stretched to a word's box in any script without carrying a typeface; Tesseract's PDF output
works much the same way. The letters are not empty, because PDFium passes over words of one empty letter.
Tables follow the OpenType specification 1.9.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

UNITS_PER_EM = 1000
ADVANCE = 500
"""Of every glyph, in units."""
ASCENT = 800
DESCENT = -200
MOST_GLYPHS = 65_000
_NAME = "OcrNbBlank"
_MADE = 3_850_000_000
"""Seconds since 1904: a fixed day in 2025, so that the same letters give the same bytes."""
_HEAD_ADJUSTMENT = 8
"""Offset of `checkSumAdjustment` in the table `head`."""
_BOX = struct.pack(
    ">hhhhhHH4B4h4h2x",
    1, 0, DESCENT, ADVANCE, ASCENT, 3, 0, 1, 1, 1, 1, 0, 0, ADVANCE, 0, DESCENT, ASCENT - DESCENT, 0,
    DESCENT - ASCENT,
)  # fmt: skip
"""A glyph of one contour with four corners, the size of the letter; 36 bytes."""


def make_blank_font(characters: Iterable[str]) -> bytes:
    """Return a TrueType font with a box for each of `characters` (and nothing for a missing one).

    Raises:
        ValueError: more than `MOST_GLYPHS` characters.
    """
    codes = sorted({ord(character) for character in characters} | {0x20})
    if len(codes) > MOST_GLYPHS:
        raise ValueError(f"A font holds at most {MOST_GLYPHS} characters, not {len(codes)}.")
    count = len(codes) + 1
    tables = {
        b"OS/2": _os2(codes),
        b"cmap": _cmap(codes),
        b"glyf": _BOX * len(codes),
        b"head": _head(),
        b"hhea": struct.pack(
            ">IhhhHhhhhhh8xhH", 0x10000, ASCENT, DESCENT, 0, ADVANCE, 0, 0, 0, 1, 0, 0, 0, 1
        ),
        b"hmtx": struct.pack(">Hh", ADVANCE, 0) + struct.pack(">h", 0) * (count - 1),
        b"loca": struct.pack(f">{count + 1}I", 0, *range(0, count * len(_BOX), len(_BOX))),
        b"maxp": struct.pack(">I14H", 0x10000, count, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": _name(),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 1, 0, 0, 0, 0),
    }
    return _assemble(tables)


def _head() -> bytes:
    flags, style, lowest_size, long_offsets = 0b1011, 0, 8, 1
    return struct.pack(
        ">IIIIHHqqhhhhHHhhh",
        0x10000, 0x10000, 0, 0x5F0F3CF5, flags, UNITS_PER_EM, _MADE, _MADE,
        0, DESCENT, ADVANCE, ASCENT, style, lowest_size, 2, long_offsets, 0,
    )  # fmt: skip


def _os2(codes: list[int]) -> bytes:
    """Version 2; only the heights matter here."""
    weight, width, embedding = 400, 5, 0
    first, last = min(codes[0], 0xFFFF), min(codes[-1], 0xFFFF)
    return struct.pack(
        ">HhHHH10hh10s4I4sHHHhhhHHIIhhHHH",
        2, ADVANCE, weight, width, embedding, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b"\0" * 10, 0, 0, 0, 0,
        b"NONE", 0x40, first, last, ASCENT, DESCENT, 0, ASCENT, -DESCENT, 0, 0, 0, ASCENT, 0, 0x20, 0,
    )  # fmt: skip


def _cmap(codes: list[int]) -> bytes:
    """Formats 4 (what every reader knows, up to U+FFFF) and 12 (all of Unicode)."""
    glyphs = {code: glyph for glyph, code in enumerate(codes, 1)}
    basic = _cmap_4({code: glyph for code, glyph in glyphs.items() if code < 0xFFFF})
    groups = b"".join(struct.pack(">III", code, code, glyph) for code, glyph in glyphs.items())
    full = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(glyphs)) + groups
    header = struct.pack(">HH", 0, 2)
    header += struct.pack(">HHI", 3, 1, 20) + struct.pack(">HHI", 3, 10, 20 + len(basic))
    return header + basic + full


def _cmap_4(glyphs: dict[int, int]) -> bytes:
    """Segments of successive codes; glyphs are numbered in the order of codes, so one delta serves each."""
    segments: list[list[int]] = []
    for code in glyphs:
        if segments and code == segments[-1][1] + 1:
            segments[-1][1] = code
        else:
            segments.append([code, code])
    deltas = [(glyphs[first] - first) % 0x10000 for first, _ in segments] + [1]
    segments.append([0xFFFF, 0xFFFF])
    count = len(segments)
    power = 1 << (count.bit_length() - 1)
    body = struct.pack(">HHHH", 2 * count, 2 * power, power.bit_length() - 1, 2 * (count - power))
    body += struct.pack(f">{count}H", *(last for _, last in segments)) + b"\0\0"
    body += struct.pack(f">{count}H", *(first for first, _ in segments))
    body += struct.pack(f">{count}H", *deltas) + b"\0\0" * count
    return struct.pack(">HHH", 4, 6 + len(body), 0) + body


def _name() -> bytes:
    entries = {1: _NAME, 2: "Regular", 3: _NAME, 4: _NAME, 6: _NAME}
    records, strings = b"", b""
    for identifier, text in entries.items():
        encoded = text.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, identifier, len(encoded), len(strings))
        strings += encoded
    return struct.pack(">HHH", 0, len(entries), 6 + len(records)) + records + strings


def _assemble(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    header = struct.pack(">IHHHH", 0x10000, count, 16 * power, power.bit_length() - 1, 16 * (count - power))
    offset = len(header) + 16 * count
    directory, body, head_offset = b"", b"", 0
    for tag in sorted(tables):
        data = tables[tag]
        directory += struct.pack(">4sIII", tag, _checksum(data), offset + len(body), len(data))
        head_offset = offset + len(body) if tag == b"head" else head_offset
        body += data + b"\0" * (-len(data) % 4)
    font = bytearray(header + directory + body)
    place = head_offset + _HEAD_ADJUSTMENT
    font[place : place + 4] = struct.pack(">I", (0xB1B0AFBA - _checksum(bytes(font))) % 2**32)
    return bytes(font)


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (-len(data) % 4)
    return int(sum(struct.unpack(f">{len(padded) // 4}I", padded)) % 2**32)
