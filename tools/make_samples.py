"""Draw the samples that travel with the package, and write down how each was made.

    python tools/make_samples.py            write src/ocr_nb/samples/ (PNG and JPEG, truth, samples.json)
    python tools/make_samples.py --check    draw again and compare with what is there
    python tools/make_samples.py --sharp    write src/ocr_nb/sharp/: pages large enough to be shrunk

Every text is written for this purpose. The typefaces are free fonts of Debian packages that the shipped
upsampler was not trained on. The set was fixed before any recognizer had read it, and stays as it is: a
sample that reads badly is a result, not a reason to change the sample.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).resolve().parent.parent / "src" / "ocr_nb" / "samples"
SHARP_FOLDER = FOLDER.parent / "sharp"
FONTS = Path("/usr/share/fonts")
FONT_FILES = {
    "Anonymous Pro": ("truetype/anonymous-pro/Anonymous Pro.ttf", "fonts-anonymous-pro", "OFL 1.1"),
    "Caladea": ("truetype/crosextra/Caladea-Regular.ttf", "fonts-crosextra-caladea", "Apache 2.0"),
    "Cantarell": ("opentype/cantarell/Cantarell-Regular.otf", "fonts-cantarell", "OFL 1.1"),
    "Carlito": ("truetype/crosextra/Carlito-Regular.ttf", "fonts-crosextra-carlito", "OFL 1.1"),
    "Fira Code": ("truetype/firacode/FiraCode-Regular.ttf", "fonts-firacode", "OFL 1.1"),
    "Gentium Plus": ("truetype/gentiumplus/GentiumPlus-Regular.ttf", "fonts-sil-gentiumplus", "OFL 1.1"),
    "GFS Neohellenic": ("opentype/neohellenic/GFSNeohellenic.otf", "fonts-gfs-neohellenic", "OFL 1.1"),
    "Inter": ("opentype/inter/Inter-Regular.otf", "fonts-inter", "OFL 1.1"),
    "Lato": ("truetype/lato/Lato-Regular.ttf", "fonts-lato", "OFL 1.1"),
    "Linux Libertine": (
        "opentype/linux-libertine/LinLibertine_R.otf", "fonts-linuxlibertine", "OFL 1.1"
    ),
    "PT Mono": ("truetype/paratype/PTM55F.ttf", "fonts-paratype", "OFL 1.1"),
    "PT Sans Narrow": ("truetype/paratype/PTN57F.ttf", "fonts-paratype", "OFL 1.1"),
    "PT Serif": ("truetype/paratype/PTF55F.ttf", "fonts-paratype", "OFL 1.1"),
    "Vollkorn": ("truetype/vollkorn/Vollkorn-Regular.ttf", "fonts-vollkorn", "OFL 1.1"),
}  # fmt: skip
"""Name → file below `FONTS`, Debian package, licence."""
SUPERSAMPLING = 8
"""Paper is drawn this many times larger and averaged down, as a scanner's sensor integrates over its cell."""


class Sheet:
    """A page in final pixels; `scale` 1 draws as a screen does, 8 as print that is scanned."""

    def __init__(self, size: tuple[int, int], font: str, x_height: float, *, paper: Any, scale: int) -> None:
        self.image = Image.new("RGB", (size[0] * scale, size[1] * scale), paper)
        self.draw = ImageDraw.Draw(self.image)
        self.font, self.x_height, self.scale = font, x_height, scale
        self.lines: list[str] = []

    def write(
        self, x: float, y: float, text: str, *, ink: Any = 0, size: float = 1.0, right: bool = False
    ) -> None:
        """Draw `text` with its baseline at `y`, from `x` (to `x` when `right`), `size` times larger."""
        anchor = "rs" if right else "ls"
        font = load_font(self.font, self.x_height * size * self.scale)
        self.draw.text((x * self.scale, y * self.scale), text, fill=ink, font=font, anchor=anchor)

    def row(self, y: float, *cells: tuple[float, str], ink: Any = 0, size: float = 1.0) -> None:
        """Draw one row; a cell at a negative x ends there. The row is one line of the ground truth."""
        for x, text in cells:
            self.write(abs(x), y, text, ink=ink, size=size, right=x < 0)
        self.lines.append(" ".join(text for _, text in cells))

    def box(
        self, corners: tuple[float, float, float, float], *, fill: Any = None, outline: Any = None
    ) -> None:
        """Draw a rectangle; its outline is one final pixel wide."""
        scaled = tuple(value * self.scale for value in corners)
        self.draw.rectangle(scaled, fill=fill, outline=outline, width=self.scale)

    def pixels(self) -> npt.NDArray[np.float64]:
        """Return `(H, W, 3)` float in [0, 255] at the final size."""
        return np.asarray(self.image.reduce(self.scale) if self.scale > 1 else self.image, dtype=np.float64)


def load_font(name: str, x_height: float) -> ImageFont.FreeTypeFont:
    """Load the face at the size at which a lowercase x is `x_height` pixels tall."""
    path = FONTS / FONT_FILES[name][0]
    top, bottom = ImageFont.truetype(path, 1000).getbbox("x", anchor="ls")[1::2]
    return ImageFont.truetype(path, x_height * 1000 / (bottom - top), layout_engine=ImageFont.Layout.BASIC)


def blur(pixels: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    """Blur with a Gaussian of `sigma` pixels, edges repeated."""
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if side == axis else (0, 0) for side in range(3)]
        pixels = np.apply_along_axis(np.convolve, axis, np.pad(pixels, pad, mode="edge"), kernel, "valid")
    return pixels


def fade(pixels: npt.NDArray[np.float64], contrast: float) -> npt.NDArray[np.float64]:
    """Pull everything towards the paper's tone until `contrast` of the difference is left."""
    paper = np.median(pixels, axis=(0, 1))
    return paper + (pixels - paper) * contrast


def grain(pixels: npt.NDArray[np.float64], deviation: float, seed: int) -> npt.NDArray[np.float64]:
    """Add the same Gaussian noise to all channels, `deviation` in gray levels of 255."""
    noise = np.random.default_rng(seed).normal(0.0, deviation, pixels.shape[:2])
    return pixels + noise[:, :, None]


def shade(pixels: npt.NDArray[np.float64], darkest: float) -> npt.NDArray[np.float64]:
    """Let the light fall off from the upper left to `darkest` of it at the lower right."""
    height, width = pixels.shape[:2]
    slope = (np.linspace(0, 1, height)[:, None] + np.linspace(0, 1, width)[None, :]) / 2
    return pixels * (1.0 - (1.0 - darkest) * slope)[:, :, None]


def turn(pixels: npt.NDArray[np.float64], degrees: float) -> npt.NDArray[np.float64]:
    """Rotate clockwise about the middle on white paper, keeping the size."""
    image = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    turned = image.rotate(-degrees, resample=Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    return np.asarray(turned, dtype=np.float64)


@dataclass(frozen=True)
class Spoiling:
    """What happens to the drawn page, in this order; the defaults leave it clean."""

    degrees: float = 0.0
    darkest: float = 1.0
    sigma: float = 0.0
    contrast: float = 1.0
    noise: float = 0.0
    quality: int | None = None
    """JPEG quality; None keeps a PNG."""

    def apply(self, pixels: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
        """Spoil `(H, W, 3)` in [0, 255]."""
        pixels = turn(pixels, self.degrees) if self.degrees else pixels
        pixels = shade(pixels, self.darkest) if self.darkest < 1 else pixels
        pixels = blur(pixels, self.sigma) if self.sigma else pixels
        pixels = fade(pixels, self.contrast) if self.contrast < 1 else pixels
        return grain(pixels, self.noise, seed) if self.noise else pixels

    @property
    def variant(self) -> str | None:
        """Name the spoiling for the rows: `blur 1.0, contrast 0.6, noise 8, JPEG 35`; None when clean."""
        parts = [
            f"skew {self.degrees:g}°" if self.degrees else "",
            f"shadow {self.darkest:g}" if self.darkest < 1 else "",
            f"blur {self.sigma:g}" if self.sigma else "",
            f"contrast {self.contrast:g}" if self.contrast < 1 else "",
            f"noise {self.noise:g}" if self.noise else "",
            f"JPEG {self.quality}" if self.quality else "",
        ]
        return ", ".join(part for part in parts if part) or None


@dataclass(frozen=True)
class Recipe:
    """One sample: who draws it, in which face and size, and what is done to it."""

    name: str
    about: str
    font: str
    x_height: float
    size: tuple[int, int]
    paint: Callable[[Sheet], None]
    spoiling: Spoiling = Spoiling()
    paper: Any = (255, 255, 255)
    screen: bool = False
    gray: bool = True


def paragraph(*lines: str, pitch: float, left: float = 10, ink: Any = 0) -> Callable[[Sheet], None]:
    """Return a painter of plain lines, `pitch` x-heights apart."""

    def paint(sheet: Sheet) -> None:
        step = pitch * sheet.x_height
        for index, line in enumerate(lines):
            sheet.row(step * (index + 1) + 4, (left, line), ink=ink)

    return paint


def paint_label(sheet: Sheet) -> None:
    sheet.box((4, 4, 323, 163), outline=0)
    sheet.row(24, (12, "OAT & HAZELNUT BISCUITS"), size=1.25)
    body = (
        "Ingredients: wholegrain oats 46%, hazelnuts 14%,",
        "sugar, butter (milk), rapeseed oil, honey 4%,",
        "raising agent E500, salt. May contain almonds,",
        "sesame and soya. Store cool and dry.",
        "Energy per 100 g: 2015 kJ / 481 kcal",
        "Fat 23.6 g, of which saturates 7.9 g",
        "Net weight 225 g. Lot L4072 B 18:35",
    )
    for index, line in enumerate(body):
        sheet.row(45 + 17.2 * index, (12, line))


def paint_receipt(sheet: Sheet) -> None:
    sheet.row(20, (42, "CORNER HARDWARE"), size=1.2)
    sheet.row(37, (36, "14 Mill Lane, Eastbrook"))
    rows = (
        ("Wood screws 4x40", "3.80"), ("Masking tape 25mm", "2.45"), ("2 x Paint brush", "7.90"),
        ("Sandpaper P120", "1.60"), ("LED bulb 8W E27", "4.25"),
    )  # fmt: skip
    for index, (item, price) in enumerate(rows):
        sheet.row(60 + 16 * index, (12, item), (-226, price))
    sheet.row(146, (12, "TOTAL EUR"), (-226, "20.00"), size=1.2)
    sheet.row(163, (12, "Cash"), (-226, "50.00"))
    sheet.row(179, (12, "Change"), (-226, "30.00"))
    sheet.row(200, (12, "17/03/2026 16:42 Till 3 #08816"))


def paint_table(sheet: Sheet) -> None:
    rows = (
        ("Station", "Jan", "Apr", "Jul", "Oct"),
        ("Harbour", "3.4", "8.1", "17.9", "10.6"),
        ("Airfield", "1.2", "7.7", "18.3", "9.8"),
        ("Ridge", "-2.6", "3.9", "14.1", "6.5"),
        ("Old Town", "4.0", "9.2", "19.5", "11.7"),
        ("Mean", "1.5", "7.2", "17.5", "9.7"),
    )
    for index, (station, *values) in enumerate(rows):
        top = 6 + 21 * index
        sheet.box((6, top, 313, top + 21), outline=(150, 150, 150))
        cells = [(-(148 + 52.0 * column), value) for column, value in enumerate(values)]
        sheet.row(top + 15, (14, station), *cells)


def paint_code(sheet: Sheet) -> None:
    white, blue, green, orange = (212, 212, 212), (86, 156, 214), (106, 153, 85), (206, 145, 120)
    lines: tuple[tuple[Any, str], ...] = (
        (green, "# keep the last reading of every sensor"),
        (blue, "def latest(rows):"),
        (white, "    seen = {}"),
        (white, "    for row in sorted(rows, key=when):"),
        (white, "        seen[row.sensor] = row.value"),
        (orange, "    log('sensors: %d' % len(seen))"),
        (white, "    return seen"),
    )
    for index, (ink, line) in enumerate(lines):
        stripped = line.lstrip()
        indent = (len(line) - len(stripped)) * 6.0
        sheet.row(18 + 16 * index, (10 + indent, stripped), ink=ink)


def paint_dialog(sheet: Sheet) -> None:
    dark, soft = (32, 33, 36), (95, 99, 104)
    sheet.box((0, 0, 340, 24), fill=(226, 232, 240))
    sheet.row(16, (10, "Backup settings"), ink=dark)
    sheet.row(44, (10, "Copy files every night at 02:30"), ink=dark)
    sheet.row(60, (10, "Only when connected to power"), ink=soft)
    sheet.row(84, (10, "Keep versions for"), (150, "90 days"), ink=dark)
    sheet.row(104, (10, "Folder"), (150, "/home/maria/Documents"), ink=dark)
    sheet.box((196, 120, 258, 141), fill=(237, 240, 244), outline=(190, 196, 204))
    sheet.box((268, 120, 330, 141), fill=(26, 95, 180))
    sheet.write(210, 134, "Cancel", ink=dark)
    sheet.write(286, 134, "Save", ink=(255, 255, 255))
    sheet.lines.append("Cancel Save")


def paint_card(sheet: Sheet) -> None:
    sheet.row(34, (18, "Ingrid Solberg"), size=1.35)
    for index, line in enumerate(
        ("Surveyor and cartographer", "Tel. 0117 496 0372", "Quay Street 9, Bristol")
    ):
        sheet.row(66 + 26 * index, (18, line))


def paint_timetable(sheet: Sheet) -> None:
    sheet.row(16, (10, "Line 27 Weekdays"), size=1.2)
    rows = (
        ("Central Station", "06:12", "06:42", "07:12", "07:27"),
        ("Museum Square", "06:17", "06:47", "07:18", "07:33"),
        ("University", "06:23", "06:53", "07:25", "07:40"),
        ("Botanic Garden", "06:28", "06:58", "07:31", "07:46"),
        ("Hospital North", "06:34", "07:04", "07:38", "07:53"),
        ("Lakeside", "06:41", "07:11", "07:46", "08:01"),
    )
    for index, (stop, *times) in enumerate(rows):
        cells = [(116 + 42.0 * column, time) for column, time in enumerate(times)]
        sheet.row(35 + 15.5 * index, (10, stop), *cells)


RECIPES = (
    Recipe("prose_clean", "A clean page of prose in a book face", "Linux Libertine", 5, (330, 122), paragraph(
        "The ferry left at seven, an hour before the fog. From the",
        "upper deck we watched the lamps along the quay go out,",
        "one after another, until only the clock tower was lit.",
        "Nobody spoke. A boy counted gulls aloud: eleven, twelve,",
        "thirteen; then the horn sounded and they were gone, and",
        "we knew that the island would not wait for us again.",
        pitch=3.5)),
    Recipe("prose_scan", "Prose as a worn copier hands it on", "Lato", 6, (376, 146), paragraph(
        "Visitors are asked to leave umbrellas in the hall. The",
        "reading room opens at nine and closes at half past six;",
        "maps must be ordered one day before. Pencils only. If a",
        "volume is damaged, please tell the desk at once and do",
        "not try to mend it. Copies cost 15 cents a page, and",
        "colour plates may be photographed without flash.",
        pitch=3.6), Spoiling(sigma=1.0, contrast=0.6, noise=8, quality=35)),
    Recipe("label", "The back of a biscuit packet", "Carlito", 7, (328, 168), paint_label,
           Spoiling(sigma=0.6, contrast=0.75, noise=5, quality=50)),
    Recipe("receipt", "A till receipt on thermal paper", "PT Mono", 6, (240, 214), paint_receipt,
           Spoiling(sigma=0.8, contrast=0.55, noise=7, quality=45)),
    Recipe("table", "A ruled table of temperatures", "Inter", 6, (320, 138), paint_table,
           Spoiling(sigma=0.6, contrast=0.8, noise=4, quality=60)),
    Recipe("code", "An editor in dark colours", "Fira Code", 5, (270, 126), paint_code,
           paper=(30, 30, 30), screen=True, gray=False),
    Recipe("dialog", "A settings window", "Inter", 6, (340, 150), paint_dialog,
           Spoiling(quality=70), paper=(250, 250, 251), screen=True, gray=False),
    Recipe("banner", "White letters on a dark blue sign", "Cantarell", 7, (330, 112), paragraph(
        "Platform 4 is closed for repairs until Monday.",
        "Trains to Aldgate and Northfield leave from 6.",
        "Please allow ten more minutes for changing,",
        "and follow the yellow arrows on the floor.",
        pitch=3.4, ink=(255, 255, 255)), Spoiling(sigma=0.7, contrast=0.7, noise=6, quality=40),
        paper=(24, 44, 92), gray=False),
    Recipe("footnotes", "Dense footnotes without leading", "Vollkorn", 4, (330, 96), paragraph(
        "1 See the survey of 1874, sheet 12; the scale is given in chains and links.",
        "2 Both mills are shown, although the lower one burned down in 1869.",
        "3 The spelling Wexcombe occurs here for the first time; cf. p. 88.",
        "4 Private letter of 3 May, now in the county archive, box 217, no. 40.",
        "5 Rainfall figures are in inches and were read at 9 a.m. by the sexton.",
        "6 A second bridge was planned but never built; see also the map of 1902.",
        "7 The author thanks Miss E. Quayle for the loan of the field books.",
        pitch=2.75)),
    Recipe("faint_print", "A ribbon that ran dry", "Caladea", 7, (350, 134), paragraph(
        "We enclose the second copy of the agreement. Kindly",
        "sign on page four and return it by registered post",
        "before the twenty-first. The keys will be handed",
        "over by Mr Okafor at the gate, not at the office;",
        "please bring some proof of who you are.",
        pitch=3.4), Spoiling(sigma=0.5, contrast=0.22, noise=4)),
    Recipe("diacritics", "Names with marks above and below", "Gentium Plus", 7, (330, 150), paragraph(
        "Zoë Müller, Århus",
        "François Lefèvre, Besançon",
        "João Conceição, Évora",
        "Señora Núñez, Málaga",
        "Björn Sjögren, Västerås",
        pitch=3.7), Spoiling(sigma=0.5, contrast=0.8, noise=3, quality=70)),
    Recipe("caption", "A picture caption at the edge of legibility", "Lato", 3, (250, 50), paragraph(
        "Fig. 3. The old weir at low water, looking north from the bridge.",
        "The dark line on the left pier marks the flood of 1928. Beyond",
        "it stand the three willows named in the deed of sale.",
        pitch=4.2)),
    Recipe("card", "A visiting card that anybody can read", "GFS Neohellenic", 10, (320, 136), paint_card),
    Recipe("timetable", "A timetable in narrow letters", "PT Sans Narrow", 6, (290, 124), paint_timetable,
           Spoiling(sigma=0.7, contrast=0.7, noise=6, quality=50)),
    Recipe("slip", "A slip of paper that lay askew on the glass", "PT Serif", 6, (330, 150), paragraph(
        "Dear neighbours, the water will be turned off",
        "on Thursday from 8 to 11 while the meter in the",
        "cellar is changed. Please fill a kettle in time.",
        "Questions: ring at the third floor, left.",
        pitch=3.8, left=20), Spoiling(degrees=3, sigma=0.5, contrast=0.8, noise=4, quality=60)),
    Recipe("shadow", "A typed card photographed in poor light", "Anonymous Pro", 6, (320, 130), paragraph(
        "Accession 1957-204: brass sextant,",
        "maker unknown, mirror cracked. Gift",
        "of Capt. R. Lindqvist. Case of oak,",
        "hinges replaced; key missing. Shown",
        "in room 5, cabinet 2, lower shelf.",
        pitch=3.5, left=12), Spoiling(darkest=0.35, sigma=0.8, noise=6, quality=50)),
)  # fmt: skip


SHARP = (
    (Recipe("notice", "A notice with figures that matter", "Carlito", 10, (330, 150), paragraph(
        "Keep this notice for your records.",
        "Pay 48.60 EUR by 14 March 2027,",
        "quoting reference KX-7093-Q51.",
        "Questions? Call 0117 496 0185.",
        pitch=3.3, left=14)), 3),
    (Recipe("prose", "A page of prose", "Linux Libertine", 5, (330, 122), RECIPES[0].paint), 6),
    (Recipe("label", "The back of a biscuit packet", "Carlito", 7, (328, 168), paint_label), 4),
    (Recipe("receipt", "A till receipt", "PT Mono", 6, (240, 214), paint_receipt), 5),
    (Recipe("timetable", "A timetable in narrow letters", "PT Sans Narrow", 6, (290, 124),
            paint_timetable), 5),
    (Recipe("code", "An editor in dark colours", "Fira Code", 5, (270, 126), paint_code,
            paper=(30, 30, 30), gray=False), 6),
)  # fmt: skip
"""Clean pages and how many times larger than their recipe says they are drawn: x-heights of 28 and 30 px."""


def draw_sharp(recipe: Recipe, times: int) -> tuple[bytes, str]:
    """Return the page `times` larger, averaged down from twice that, as PNG of 16 tones a channel."""
    sheet = Sheet(recipe.size, recipe.font, recipe.x_height, paper=recipe.paper, scale=2 * times)
    recipe.paint(sheet)
    pixels = np.asarray(sheet.image.reduce(2), dtype=np.float64)
    if recipe.gray:  # edges need no more tones, and 16 take half the bytes
        pixels = (pixels / 17).round() * 17
    image = Image.fromarray(pixels.round().astype(np.uint8)).convert("L" if recipe.gray else "RGB")
    image = image if recipe.gray else image.quantize(64, dither=Image.Dither.NONE)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue(), "\n".join(sheet.lines) + "\n"


def write_sharp() -> None:
    """Write every sharp page, its truth, and `sharp.json`."""
    SHARP_FOLDER.mkdir(parents=True, exist_ok=True)
    listing = []
    for recipe, times in SHARP:
        data, truth = draw_sharp(recipe, times)
        (SHARP_FOLDER / f"{recipe.name}.png").write_bytes(data)
        (SHARP_FOLDER / f"{recipe.name}.gt.txt").write_text(truth, encoding="utf-8")
        entry = {"name": recipe.name, "file": f"{recipe.name}.png", "about": recipe.about, "variant": None}
        entry |= {"font": recipe.font, "x_height_px": recipe.x_height * times}
        entry |= {"width": recipe.size[0] * times, "height": recipe.size[1] * times}
        listing.append(entry | {"sha256": hashlib.sha256(data).hexdigest()})
        print(f"{recipe.name}.png: {len(data)} bytes")
    text = json.dumps(listing, indent=2, ensure_ascii=False) + "\n"
    (SHARP_FOLDER / "sharp.json").write_text(text, encoding="utf-8")


def draw(recipe: Recipe, seed: int) -> tuple[bytes, str]:
    """Return the image file and its ground truth."""
    scale = 1 if recipe.screen else SUPERSAMPLING
    sheet = Sheet(recipe.size, recipe.font, recipe.x_height, paper=recipe.paper, scale=scale)
    recipe.paint(sheet)
    pixels = recipe.spoiling.apply(sheet.pixels(), seed).round().clip(0, 255).astype(np.uint8)
    image = Image.fromarray(pixels).convert("L") if recipe.gray else Image.fromarray(pixels)
    out = io.BytesIO()
    if recipe.spoiling.quality is None:
        image.save(out, "PNG", optimize=True)
    else:
        image.save(out, "JPEG", quality=recipe.spoiling.quality)
    return out.getvalue(), "\n".join(sheet.lines) + "\n"


def write_all() -> None:
    """Write every sample, its truth, and `samples.json`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    listing = []
    for seed, recipe in enumerate(RECIPES, start=1):
        data, truth = draw(recipe, seed)
        file = recipe.name + (".png" if recipe.spoiling.quality is None else ".jpg")
        (FOLDER / file).write_bytes(data)
        (FOLDER / f"{recipe.name}.gt.txt").write_text(truth, encoding="utf-8")
        entry = {"name": recipe.name, "file": file, "about": recipe.about, "variant": recipe.spoiling.variant}
        entry |= {"font": recipe.font, "x_height_px": recipe.x_height, "width": recipe.size[0]}
        listing.append(entry | {"height": recipe.size[1], "sha256": hashlib.sha256(data).hexdigest()})
        print(f"{file}: {len(data)} bytes")
    text = json.dumps(listing, indent=2, ensure_ascii=False) + "\n"
    (FOLDER / "samples.json").write_text(text, encoding="utf-8")


def check_all() -> int:
    """Draw again; return how many samples differ from the files by more than a decoder's rounding."""
    different = 0
    for seed, recipe in enumerate(RECIPES, start=1):
        data, truth = draw(recipe, seed)
        path = next(FOLDER.glob(f"{recipe.name}.[jp]*g"))
        old, new = (
            np.asarray(Image.open(io.BytesIO(one)).convert("RGB"), int) for one in (path.read_bytes(), data)
        )
        distance = float(np.abs(old - new).mean()) if old.shape == new.shape else 255.0
        same = distance < 1.0 and (FOLDER / f"{recipe.name}.gt.txt").read_text(encoding="utf-8") == truth
        different += not same
        print(f"{recipe.name}: {'same' if same else 'DIFFERENT'} (mean difference {distance:.2f} of 255)")
    return different


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="draw again and compare, write nothing")
    parser.add_argument("--sharp", action="store_true", help="write the sharp pages in place of the samples")
    options = parser.parse_args()
    if options.check:
        sys.exit(min(1, check_all()))
    write_sharp() if options.sharp else write_all()
