"""What the synthetic lines say.

Goes in: a random generator. Comes out: one line of text a call, of a kind: prose in several scripts,
receipts, tables, codes, program text. Words are split between training, validation and evaluation by a
checksum, so that no evaluated word was ever trained on. Knows nothing of fonts or pixels.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from training.fonts import Split

# Plain lists have a word a line, hunspell's dictionaries a word with flags after a slash.
LATIN_LISTS = {
    "english": Path("/usr/share/dict/american-english"),
    "german": Path("/usr/share/dict/ngerman"),
    "french": Path("/usr/share/dict/french"),
    "spanish": Path("/usr/share/dict/spanish"),
    "italian": Path("/usr/share/dict/italian"),
    "polish": Path("/usr/share/dict/polish"),
    "portuguese": Path("/usr/share/dict/portuguese"),
    "dutch": Path("/usr/share/dict/dutch"),
    "swedish": Path("/usr/share/dict/swedish"),
    "czech": Path("/usr/share/hunspell/cs_CZ.dic"),
    "hungarian": Path("/usr/share/hunspell/hu_HU.dic"),
    "turkish": Path("/usr/share/hunspell/tr_TR.dic"),
    "romanian": Path("/usr/share/hunspell/ro_RO.dic"),
}
OTHER_LISTS = {
    "greek": Path("/usr/share/hunspell/el_GR.dic"),
    "russian": Path("/usr/share/hunspell/ru_RU.dic"),
    "ukrainian": Path("/usr/share/dict/ukrainian"),
}


def listed(words: str) -> tuple[str, ...]:
    """Split at spaces."""
    return tuple(words.split())


# Function words carry no split: no text of any language does without them.
FUNCTION_WORDS = listed(
    "the of and to in is it for on as with at by from or an be this that are was not you all have new "
    "more if will can has one our no your out up two may use any which their must he she they we if "
    "so do its"
)
GOODS = listed(
    "TOTAL SUBTOTAL CASH CHANGE TAX GST VAT QTY PRICE AMOUNT DISCOUNT ROUNDING INVOICE RECEIPT DATE "
    "TIME TABLE CASHIER MEMBER ITEM NO TEL FAX REG ID THANK YOU PLEASE COME AGAIN VISA CARD BALANCE "
    "DUE SUM INCL EXCL RATE UNIT PCS KG ML LTD INC CO SDN BHD STREET ROAD FLOOR SHOP STORE BILL ORDER "
    "SALES TAXABLE"
)
KEYWORDS = listed(
    "def return if else for in while import from class not None True int float const let new self"
)
OPERATORS = listed("= == + - * / += -> => != <= >= && || : ; , . % & |")
PUNCTUATION = (",", ".", ".", ",", ";", ":", "!", "?", " -", " –", "…")
CODE_SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MIXED_SYMBOLS = CODE_SYMBOLS + "abcdefghijklmnopqrstuvwxyz0123456789"
SIGNS = "!\"#$%&'()*+,-./:;<=>?@[]^_{|}~€£§°©"
# Some lists hold every inflected form, millions of them: a regular sample says as much, sooner.
LONGEST_LIST = 100_000
SPLIT_OF_REMAINDER: dict[int, Split] = {0: "evaluation", 1: "validation"}


@dataclass(frozen=True, slots=True)
class Wordbook:
    """The words one split may use, a tuple for each language."""

    latin: dict[str, tuple[str, ...]]
    other: dict[str, tuple[str, ...]]

    @property
    def english(self) -> tuple[str, ...]:
        return self.latin["english"]


def split_of(word: str) -> Split:
    """Assign a word to a split by its checksum: a tenth each is held out."""
    return SPLIT_OF_REMAINDER.get(zlib.crc32(word.casefold().encode()) % 10, "train")


@cache
def load_wordbook(split: Split) -> Wordbook:
    """Read the word lists and keep the split's words."""
    return Wordbook(
        latin={name: words_of(path, split) for name, path in LATIN_LISTS.items() if path.exists()},
        other={name: words_of(path, split) for name, path in OTHER_LISTS.items() if path.exists()},
    )


def words_of(path: Path, split: Split) -> tuple[str, ...]:
    """Read one list; a word is letters only, at most 14 of them."""
    lines = path.read_text(encoding_of(path), "replace").splitlines()
    lines = lines[:: max(1, len(lines) // LONGEST_LIST)]
    words = {line.split("/")[0].split("\t")[0].strip() for line in lines}
    return tuple(sorted(w for w in words if w.isalpha() and 1 < len(w) <= 14 and split_of(w) == split))


def encoding_of(path: Path) -> str:
    """Return the encoding that a hunspell dictionary's `.aff` file declares; plain lists are UTF-8."""
    rules = path.with_suffix(".aff")
    if not rules.exists():
        return "utf-8"
    declared = [
        line.split()[1] for line in rules.read_text("latin-1").splitlines() if line.startswith("SET ")
    ]
    return declared[0] if declared else "latin-1"


Chance = np.random.Generator
Item = TypeVar("Item")


def pick(chance: Chance, items: Sequence[Item]) -> Item:
    """Draw one item, each equally likely."""
    return items[int(chance.integers(len(items)))]


def amount(chance: Chance) -> str:
    """Write a sum of money, mostly with two decimals."""
    value = float(np.exp(chance.uniform(-1, 8)))
    style = chance.random()
    text = f"{value:,.2f}" if style < 0.3 else f"{value:.2f}"
    return text.replace(".", ",") if style > 0.9 else text


def code(chance: Chance) -> str:
    """Write a random identifier with no language in it."""
    symbols = CODE_SYMBOLS if chance.random() < 0.6 else MIXED_SYMBOLS
    if chance.random() < 0.3:
        symbols = "0123456789"
    text = "".join(pick(chance, symbols) for _ in range(int(chance.integers(3, 13))))
    cut = int(chance.integers(1, len(text)))
    return f"{text[:cut]}{pick(chance, '-/.')}{text[cut:]}" if chance.random() < 0.35 else text


def date(chance: Chance) -> str:
    """Write a date or a time in one of the usual forms."""
    day, month, year = (
        int(chance.integers(1, 32)),
        int(chance.integers(1, 13)),
        int(chance.integers(1980, 2040)),
    )
    hour, minute = int(chance.integers(24)), int(chance.integers(60))
    forms = (
        f"{day:02}/{month:02}/{year}",
        f"{year}-{month:02}-{day:02}",
        f"{day}.{month}.{year % 100:02}",
        f"{hour:02}:{minute:02}",
        f"{hour % 12 + 1}:{minute:02} {'AP'[hour // 12]}M",
        f"{hour:02}:{minute:02}:{int(chance.integers(60)):02}",
    )
    return pick(chance, forms)


def cased(chance: Chance, word: str, style: float) -> str:
    """Write a word in capitals, capitalized or as it is; `style` in [0, 1) holds for a whole line."""
    if style < 0.30:
        return word.upper()
    return word.capitalize() if style < 0.45 or chance.random() < 0.12 else word


def prose(chance: Chance, words: tuple[str, ...], functions: bool) -> str:
    """Write loose words with punctuation; with `functions`, as an English sentence has them."""
    style = chance.random()
    parts = []
    for _ in range(int(chance.integers(3, 11))):
        word = pick(chance, FUNCTION_WORDS) if functions and chance.random() < 0.35 else pick(chance, words)
        word = cased(chance, word, style)
        if chance.random() < 0.06:
            word = pick(chance, ("({})", '"{}"', "'{}'", "“{}”", "«{}»", "[{}]")).format(word)
        if chance.random() < 0.18:
            word += pick(chance, PUNCTUATION)
        if chance.random() < 0.08:
            word = pick(chance, (amount, date))(chance)
        parts.append(word)
    return " ".join(parts)


def english(chance: Chance, book: Wordbook) -> str:
    return prose(chance, book.english, functions=True)


def prose_line(chance: Chance, split: Split, count: int = 8) -> str:
    """Write `count` words of loose English with function words, as a sentence."""
    words = load_wordbook(split).english
    parts = [
        pick(chance, FUNCTION_WORDS) if chance.random() < 0.4 else pick(chance, words) for _ in range(count)
    ]
    return " ".join([parts[0].capitalize(), *parts[1:]]) + "."


def latin(chance: Chance, book: Wordbook) -> str:
    return prose(chance, book.latin[pick(chance, list(book.latin))], functions=False)


def other_script(chance: Chance, book: Wordbook) -> str:
    return prose(chance, book.other[pick(chance, list(book.other))], functions=False)


def receipt(chance: Chance, book: Wordbook) -> str:
    """Write a till's line: goods and sums, mostly in capitals."""
    capitals = chance.random() < 0.8
    parts = []
    for _ in range(int(chance.integers(1, 5))):
        word = pick(chance, GOODS if chance.random() < 0.4 else book.english)
        parts.append(word.upper() if capitals else word.capitalize())
    if chance.random() < 0.3:
        parts.append(pick(chance, (date, code))(chance))
    if chance.random() < 0.3:
        parts.append(f"{int(chance.integers(1, 20))} {pick(chance, 'xX@')}")
    if chance.random() < 0.6:
        parts.append(pick(chance, ("", "", "RM ", "$", "EUR ", "€", "£")) + amount(chance))
    if chance.random() < 0.12:
        parts.append(pick(chance, "-*=.") * int(chance.integers(3, 12)))
    if chance.random() < 0.25:
        parts.insert(1, ":")
    return " ".join(parts)


def table(chance: Chance, book: Wordbook) -> str:
    """Write a row of numbers, perhaps with a label."""
    cells = [pick(chance, (amount, code, date))(chance) for _ in range(int(chance.integers(2, 7)))]
    if chance.random() < 0.5:
        cells.insert(0, pick(chance, book.english))
    return pick(chance, (" ", "  ", " | ")).join(cells)


def codes(chance: Chance, book: Wordbook) -> str:
    del book
    return " ".join(code(chance) for _ in range(int(chance.integers(2, 6))))


def program(chance: Chance, book: Wordbook) -> str:
    """Write what looks like a line of a program, an address or a path."""
    parts = []
    for _ in range(int(chance.integers(2, 7))):
        name = pick(chance, book.english).lower()
        forms = (
            name,
            pick(chance, KEYWORDS),
            f"{name}_{pick(chance, book.english).lower()}",
            f"{name}()",
            f"{name}[{int(chance.integers(100))}]",
            f"www.{name}.com",
            f"{name}@{pick(chance, book.english).lower()}.org",
            f"/{name}/{code(chance)}",
            f'"{name}"',
            str(int(chance.integers(10000))),
        )
        parts.append(pick(chance, forms))
        if chance.random() < 0.5:
            parts.append(pick(chance, OPERATORS))
    return " ".join(parts)


def signs(chance: Chance, book: Wordbook) -> str:
    """Write words between unusual characters, so that none of them is rare."""
    parts = [pick(chance, book.english) + pick(chance, SIGNS) + code(chance) for _ in range(3)]
    return " ".join(parts)


Writer = Callable[[Chance, Wordbook], str]
# Shares of the kinds; receipts and codes get more than a page has of them since no language helps there.
KINDS: tuple[tuple[Writer, float], ...] = (
    (english, 0.28),
    (receipt, 0.26),
    (latin, 0.12),
    (codes, 0.10),
    (other_script, 0.08),
    (table, 0.07),
    (program, 0.06),
    (signs, 0.03),
)


def write_line(chance: Chance, split: Split) -> str:
    """Write one line of a random kind."""
    writers, shares = zip(*KINDS, strict=True)
    writer = writers[int(chance.choice(len(writers), p=np.array(shares)))]
    return " ".join(writer(chance, load_wordbook(split)).split())
