"""Which typefaces belong to training, to validation and to evaluation.

Goes in: the name of a split. Comes out: font files of Debian packages, sorted, so that a seed means the
same draw on every machine with the same packages. Knows nothing of rendering.

Families that descend from one another stay on one side: Liberation with its Times, Arial and Courier
likes, TeX Gyre with URW's base fonts, DejaVu with Hack, Droid with Noto and Open Sans, Carlito with Lato.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Split = Literal["train", "validation", "evaluation"]

FONT_ROOTS = (
    Path("/usr/share/fonts"),
    Path("/usr/share/texmf/fonts/opentype/public"),
)

# A path belongs to the split whose fragment it contains; a path without any fragment belongs to none.
FRAGMENTS: dict[Split, tuple[str, ...]] = {
    "train": (
        "/dejavu/",
        "/liberation2/",
        "/freefont/",
        "/noto/NotoSans-",
        "/noto/NotoSansDisplay-",
        "/noto/NotoSerif-",
        "/open-sans/",
        "/roboto/",
        "/hack/",
        "/tex-gyre/",
        "/lm/",
        "/cmu/",
        "opentype/urw-base35/",
        "/jetbrains-mono/",
        "/inconsolata/",
        "/courier-prime/",
        "/compagnon/",
        "/gnutypewriter/",
        "/tlwg/",
        "/ebgaramond/",
        "/fonts-oldstandard/",
        "/adf/",
        "/yanone-kaffeesatz/",
        "/dosis/",
        "/ocr-b/",
        "/didot/",
        "/artemisia/",
        "/3270/",
        "/tuffy/",
        "/cabin/",
        "truetype/karla/",
        "/jura/",
        "fantasque-sans/Normal/OTF/",
        "/monofur/",
        "/hermit/",
        "/agave/",
        "/tiresias/",
        "/quicksand/",
        "/junction/",
        "/fonts-georgewilliams/",
        "/doulos/",
        "/amiga/",
        "/glasstty/",
    ),
    "validation": (
        "/clear-sans/",
        "/charis/",
        "/mononoki/",
        "/fonts-go/",
        "/oxygen/",
        "/league-mono/",
        "/andika/",
        "/b612/",
    ),
    "evaluation": (
        "/lato/",
        "/inter/",
        "/linux-libertine/",
        "/crosextra/",
        "/paratype/",
        "/firacode/",
        "/anonymous-pro/",
        "/ocr-a/",
        "/vollkorn/",
        "/cantarell/",
        "/neohellenic/",
        "/gentiumplus/",
    ),
}

# Of evaluation: upright text weights of families for running text.
FACES = (
    "Lato-Regular.ttf",
    "Inter-Regular.otf",
    "LinLibertine_R.otf",
    "LinBiolinum_R.otf",
    "Carlito-Regular.ttf",
    "Caladea-Regular.ttf",
    "PTS55F.ttf",
    "PTF55F.ttf",
    "PTM55F.ttf",
    "FiraCode-Regular.ttf",
    "Anonymous Pro.ttf",
    "Vollkorn-Regular.ttf",
    "Cantarell-Regular.otf",
    "GentiumPlus-Regular.ttf",
)

# Pixel fonts, drawn on a grid by hand: the nearest free thing to a till's or a dot-matrix printer's own
# glyphs. All of them train; none evaluates.
BITMAP_FRAGMENTS = (
    "X11/misc/5x7.pcf",
    "X11/misc/5x8.pcf",
    "X11/misc/6x9.pcf",
    "X11/misc/6x10.pcf",
    "X11/misc/6x12.pcf",
    "X11/misc/6x13.pcf",
    "X11/misc/6x13B.pcf",
    "X11/misc/7x13.pcf",
    "X11/misc/7x13B.pcf",
    "X11/misc/7x14.pcf",
    "X11/misc/7x14B.pcf",
    "X11/misc/8x13.pcf",
    "X11/misc/8x13B.pcf",
    "X11/misc/9x15.pcf",
    "X11/misc/9x15B.pcf",
    "X11/misc/9x18.pcf",
    "X11/misc/9x18B.pcf",
    "X11/misc/10x20.pcf",
    "X11/75dpi/courR",
    "X11/75dpi/courB",
    "X11/75dpi/helvR",
    "X11/75dpi/helvB",
    "X11/75dpi/lubR",
    "X11/75dpi/luRS",
    "X11/75dpi/luBS",
    "X11/75dpi/lutRS",
    "X11/75dpi/lutBS",
    "X11/75dpi/timR",
    "X11/75dpi/ncenR",
    "X11/75dpi/term",
    "X11/misc/ter-u12n_unicode",
    "X11/misc/ter-u14n_unicode",
    "X11/misc/ter-u16n_unicode",
    "X11/misc/ter-u16b_unicode",
    "X11/misc/ter-u18n_unicode",
    "X11/misc/ter-u20n_unicode",
    "X11/misc/ter-u24n_unicode",
)

# No text faces: symbols, keyboards, initials; and hairlines that no shrunk page can carry.
UNWANTED = (
    "D050000L",
    "StandardSymbols",
    "Biolinum_K",
    "Math",
    "math",
    "Z003",
    "chorus",
    "Hairline",
    "Thin",
    "UltraLight",
    "ExtraLight",
    "lmmonocaps",
    "unifont_csur",
    "unifont_upper",
    "Dingbats",
    "GFSDidotClassic",
    "Black",
    "Heavy",
    "symb",
    "courBO",
    "helvBO",
)
SUFFIXES = (".ttf", ".otf", ".pcf.gz")


@dataclass(frozen=True, slots=True)
class FontFile:
    """One face of a family."""

    path: Path
    bitmap: bool
    """Whether the glyphs are fixed pixel drawings rather than outlines."""

    @property
    def family(self) -> str:
        """The folder, which in Debian is one family or one group of kin; a pixel font's own name."""
        if not self.bitmap:
            return self.path.parent.name
        stem = self.path.name.removesuffix(".pcf.gz")
        return stem.rstrip("0123456789") if "75dpi" in self.path.as_posix() else stem


@cache
def installed_files() -> tuple[Path, ...]:
    """List every font file below `FONT_ROOTS`, sorted by path."""
    return tuple(
        sorted(path for root in FONT_ROOTS for path in root.rglob("*") if path.name.endswith(SUFFIXES))
    )


@cache
def font_files(split: Split) -> tuple[FontFile, ...]:
    """Return the split's outline fonts, followed for training by the bitmap fonts.

    Raises:
        FileNotFoundError: when no family of the split is installed.
    """
    outline = [
        FontFile(path, bitmap=False) for path in installed_files() if is_wanted(path, FRAGMENTS[split])
    ]
    bitmap = []
    if split == "train":
        bitmap = [
            FontFile(path, bitmap=True) for path in installed_files() if is_wanted(path, BITMAP_FRAGMENTS)
        ]
    if not outline:
        raise FileNotFoundError(f"No font of the {split} split is installed. Run training/prepare.sh.")
    return tuple(outline + [font for font in bitmap if "-ISO8859" not in font.path.name])


def is_wanted(path: Path, fragments: tuple[str, ...]) -> bool:
    """Tell whether a path lies in one of the families and is a text face."""
    text = path.as_posix()
    return any(part in text for part in fragments) and not any(part in path.name for part in UNWANTED)
