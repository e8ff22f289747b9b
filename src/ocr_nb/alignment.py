"""Normalize two texts, align them, count the edits.

In: the ground truth and a recognized text. Out: `EditCounts`, aligned `Span`s, or what two readings made of
each word of the truth. Characters are extended grapheme clusters and words those of Unicode Standard Annex
#29, so that "e" + U+0301 is one letter. Knows nothing of images, trials or rates.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rapidfuzz.distance import Levenshtein

from .errors import SettingsError


@dataclass(frozen=True, slots=True)
class Normalization:
    """What is made equal in both texts before they are compared; its name goes with every number."""

    name: str
    meaning: str
    """One sentence for a report."""
    form: Literal["NFC", "NFD", "NFKC", "NFKD"] | None = "NFC"
    """Unicode normalization form, or None to leave code points as they are."""
    spaces: Literal["keep", "collapse", "remove"] = "collapse"
    """`keep`; `collapse` runs of white space (line breaks too) to one space and strip; `remove` them all."""
    unify_print: bool = False
    """Take typographic variants (quotes, dashes, ligatures, ellipsis) for their typewriter forms."""
    caseless: bool = False


PROFILES: dict[str, Normalization] = {
    profile.name: profile
    for profile in (
        Normalization("raw", "Code points as they are, white space included.", form=None, spaces="keep"),
        Normalization("nfc", "Composed characters (NFC); white space and line breaks count.", spaces="keep"),
        Normalization(
            "standard", "Composed characters (NFC); any run of white space, line breaks too, is one space."
        ),
        Normalization(
            "print",
            "Like standard; typographic quotes, dashes, ligatures and the ellipsis are their plain forms.",
            unify_print=True,
        ),
        Normalization("caseless", "Like standard; upper and lower case are the same.", caseless=True),
        Normalization("no_spaces", "Composed characters (NFC); white space does not count.", spaces="remove"),
    )
}
"""`standard` is the default everywhere. It follows OCR-D's evaluation specification (NFC, no other folding)
and adds the collapsing of white space, because where a recognizer breaks lines is not what it read."""

_PRINT_FORMS = str.maketrans(
    dict.fromkeys("‘’‚‛′`´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | {"…": "...", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "ſ": "s"}
    | {"\u00ad": None}
)


def find_profile(normalization: str | Normalization) -> Normalization:
    """Return the profile of that name (a `Normalization` is returned as it is).

    Raises:
        SettingsError: no profile has that name.
    """
    if isinstance(normalization, Normalization):
        return normalization
    if normalization not in PROFILES:
        raise SettingsError(
            f"There is no normalization {normalization!r}: choose from {', '.join(PROFILES)}."
        )
    return PROFILES[normalization]


def normalize(text: str, normalization: str | Normalization = "standard") -> str:
    """Return `text` as the profile sees it; doing it twice changes nothing more."""
    profile = find_profile(normalization)
    if profile.unify_print:
        text = text.translate(_PRINT_FORMS)
    if profile.caseless:
        # Folding may decompose and composing may undo it: fold between two compositions (Unicode, D145).
        text = unicodedata.normalize("NFD", text).casefold()
    if profile.form is not None and not text.isascii():
        text = unicodedata.normalize(profile.form, text)
    if profile.spaces == "collapse":
        return " ".join(text.split())
    if profile.spaces == "remove":
        return "".join(text.split())
    return text


# Characters that never join a neighbor of this same set into one grapheme cluster (UAX #29: neither Extend,
# Prepend, SpacingMark, ZWJ, jamo, regional indicator nor CR): Latin, Greek, Cyrillic, Hebrew and Arabic
# letters, punctuation, kana, Han, Hangul syllables. Only stretches with others are segmented by uniseg.
_LONE = (
    "\x00-\x0c\x0e-\u02ff\u0370-\u0482\u048a-\u052f\u05d0-\u05ea\u0620-\u064a"
    "\u1e00-\u1fff\u2010-\u2027\u2030-\u205f\u20a0-\u20c0\u2190-\u23cf\u2500-\u25ff"
    "\u3000-\u3029\u3041-\u3096\u309b-\u30fa\u30fc-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e"
)
_ALL_LONE = re.compile(f"[{_LONE}]*")
_JOINING = re.compile(f"[{_LONE}]?[^{_LONE}](?:[^{_LONE}]|[{_LONE}](?=[^{_LONE}]))*[{_LONE}]?")


def graphemes(text: str) -> list[str]:
    """Return the extended grapheme clusters of `text` in order: what a reader calls characters."""
    if _ALL_LONE.fullmatch(text):
        return list(text)
    from uniseg.graphemecluster import grapheme_clusters

    clusters: list[str] = []
    done = 0
    for stretch in _JOINING.finditer(text):
        clusters.extend(text[done : stretch.start()])
        clusters.extend(grapheme_clusters(stretch.group()))
        done = stretch.end()
    clusters.extend(text[done:])
    return clusters


_SPACES = re.compile(r"[ \t\n\r\f\v]+")
# UAX #29 restricted to Latin letters, ASCII and the usual typographic marks: letters joined by : . ' ‘ ’ and
# digits by , ; . ' ‘ ’ (rules WB5 to WB13b). Pieces with anything else are segmented by uniseg.
_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_LATIN_PIECE = re.compile(f"[\x21-\x7e{_LATIN}‘’“”„–—…€£§°«»]*")
_LATIN_WORD = re.compile(
    f"(?:[{_LATIN}0-9_]|(?<=[{_LATIN}])[:.'‘’](?=[{_LATIN}])|(?<=[0-9])[,;.'‘’](?=[0-9]))+"
)


def words(text: str) -> list[str]:
    """Return the words of `text` in order, without those that hold no letter and no digit.

    Words are those of UAX #29 (“can't” and “32.3” are one, “e-mail” two, each Han character one); pieces of
    nothing but spaces, punctuation, symbols and marks are left out, as dinglehopper and OCR-D's evaluation
    specification do, and characters of the private use area are letters. A misread comma therefore counts in
    CER and not in WER.
    """
    return [word for piece in _SPACES.split(text) for word in _words_of_piece(piece)]


@lru_cache(maxsize=4096)
def _words_of_piece(piece: str) -> tuple[str, ...]:
    """Return the words of a text without ASCII white space (UAX #29 always breaks at that)."""
    if _LATIN_PIECE.fullmatch(piece):
        return tuple(word for word in _LATIN_WORD.findall(piece) if word.strip("_"))
    from uniseg.wordbreak import words as segments

    found, start = [], 0
    for segment in segments(_PRIVATE.sub("a", piece)):
        word = piece[start : start + len(segment)]
        start += len(segment)
        if not all(map(_is_filler, word)):
            found.append(word)
    return tuple(found)


_PRIVATE = re.compile("[\ue000-\uf8ff]")
"""Letters of historical print in fonts such as MUFI's: here they are letters, as in dinglehopper; to Unicode
they are nothing."""


def _is_filler(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "MPZS" or category in {"Cc", "Cf"}


@dataclass(frozen=True, slots=True)
class EditCounts:
    """How a recognized text differs from its ground truth.

    Units are grapheme clusters for CER and words for WER; the two never mix.
    """

    hits: int = 0
    substitutions: int = 0
    insertions: int = 0
    """Units that were read and are not in the truth."""
    deletions: int = 0
    """Units of the truth that were not read."""

    @property
    def edits(self) -> int:
        """Substitutions, insertions and deletions together: the Levenshtein distance."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def truth_length(self) -> int:
        """Units in the ground truth."""
        return self.hits + self.substitutions + self.deletions

    @property
    def read_length(self) -> int:
        """Units in the recognized text."""
        return self.hits + self.substitutions + self.insertions

    def __add__(self, other: EditCounts) -> EditCounts:
        return EditCounts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
        )


def count_edits(truth: Sequence[Hashable], read: Sequence[Hashable]) -> EditCounts:
    """Count the fewest edits that turn `truth` into `read`: graphemes, words, or any hashable units."""
    tags = Counter(operation[0] for operation in Levenshtein.editops(truth, read).as_list())
    replaced, inserted, deleted = tags["replace"], tags["insert"], tags["delete"]
    return EditCounts(len(truth) - replaced - deleted, replaced, inserted, deleted)


class SpanKind(Enum):
    """What became of a stretch of text."""

    EQUAL = "equal"
    SUBSTITUTED = "substituted"
    INSERTED = "inserted"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the alignment; positions count grapheme clusters of the normalized texts."""

    kind: SpanKind
    truth: str
    """Empty when inserted."""
    read: str
    """Empty when deleted."""
    truth_start: int
    read_start: int


_KINDS = {
    "equal": SpanKind.EQUAL,
    "replace": SpanKind.SUBSTITUTED,
    "insert": SpanKind.INSERTED,
    "delete": SpanKind.DELETED,
}


def align(truth: str, read: str, normalization: str | Normalization = "standard") -> tuple[Span, ...]:
    """Align two texts by grapheme cluster after normalizing both.

    The `truth` of all spans joined is the normalized truth, their `read` joined the normalized reading.
    """
    wanted, found = (graphemes(normalize(text, normalization)) for text in (truth, read))
    return tuple(
        Span(
            _KINDS[code.tag],
            "".join(wanted[code.src_start : code.src_end]),
            "".join(found[code.dest_start : code.dest_end]),
            code.src_start,
            code.dest_start,
        )
        for code in Levenshtein.opcodes(wanted, found)
    )


class Fate(Enum):
    """What a second reading made of a word, compared with the first."""

    UNCHANGED = "unchanged"
    """Right in both."""
    FIXED = "fixed"
    BROKEN = "broken"
    STILL_WRONG = "still wrong"


@dataclass(frozen=True, slots=True)
class ReadWord:
    """One word of the truth, with its punctuation and what follows it, as two readings have it."""

    truth: str
    before: str
    after: str
    ends_line: bool = False
    """Whether the truth breaks the line after it (known also where line breaks do not count)."""

    @property
    def fate(self) -> Fate:
        """Compare the two readings."""
        was_right, is_right = self.before == self.truth, self.after == self.truth
        if was_right:
            return Fate.UNCHANGED if is_right else Fate.BROKEN
        return Fate.FIXED if is_right else Fate.STILL_WRONG


def align_readings(
    truth: str, before: str, after: str, *, normalization: str | Normalization = "standard"
) -> tuple[ReadWord, ...]:
    """Say for each word of the truth what two readings made of it.

    Words are separated by white space here and keep their punctuation and the space after them, so that the
    `truth`, `before` and `after` of all words joined are the three normalized texts, and a lost space is an
    error. When the truth is empty, one word holds what was read, if anything was.
    """
    wanted = normalize(truth, normalization)
    pieces = re.findall(r"\s*\S+\s*", wanted) or ([wanted] if wanted or before or after else [])
    units = graphemes(wanted)
    edges = _edges(pieces)
    if edges[-1] != len(units):  # a mark combines with a space: cut where clusters allow it
        pieces, edges = [wanted], [0, len(units)]
    first, second = (_cut(units, normalize(text, normalization), edges) for text in (before, after))
    breaks = _line_breaks(truth, len(pieces))
    return tuple(map(ReadWord, pieces, first, second, breaks))


def count_fates(read_words: Iterable[ReadWord]) -> dict[Fate, int]:
    """Count the words of each fate; all four keys are there."""
    counts = Counter(word.fate for word in read_words)
    return {fate: counts[fate] for fate in Fate}


def _edges(pieces: Sequence[str]) -> list[int]:
    """Return where each piece begins, in graphemes, and where the last one ends."""
    edges = [0]
    for piece in pieces:
        edges.append(edges[-1] + len(graphemes(piece)))
    return edges


def _cut(wanted: list[str], read: str, edges: list[int]) -> list[str]:
    """Cut `read` where the alignment puts the edges of the truth's words.

    What was inserted just before a word begins goes to that word; what was inserted at the very end to the
    last.
    """
    found = graphemes(read)
    places = [0] * (len(wanted) + 1)
    places[-1] = len(found)
    # Backwards, so that an insertion claims the place of the unit it stands before.
    for code in reversed(list(Levenshtein.opcodes(wanted, found))):
        for step in range(max(1, code.src_end - code.src_start)):
            places[code.src_start + step] = min(code.dest_start + step, code.dest_end)
    cuts = [places[edge] for edge in edges]
    cuts[0], cuts[-1] = 0, len(found)
    return ["".join(found[start:end]) for start, end in pairwise(cuts)]


def _line_breaks(truth: str, count: int) -> list[bool]:
    """Tell for each of `count` words whether a line of the truth ends after it; all False if unclear."""
    gaps = re.findall(r"\S(\s+)(?=\S)", truth)
    return (
        [*("\n" in gap or "\r" in gap for gap in gaps), False] if len(gaps) + 1 == count else [False] * count
    )
