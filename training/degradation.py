"""Turn clean coverage into what a camera, a scanner or a screen delivers, and into what it should have been.

Goes in: a strip's large coverage (and small one, if it is a screen's) and a random generator. Comes out: a
`Sample`: the small image as uint8, and the target `FACTOR` times as large. Both are luma, 0 black. Knows
nothing of fonts or of networks.

The target keeps the paper's tone and takes away blur, noise, texture, compression and most of the wear;
its text has more contrast than the source's, by `BOOST`.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from training.printing import Plane, field_of, spread_ink, wear
from training.typesetting import FACTOR, Coverage

Chance = np.random.Generator
Severity = Literal["clean", "mild", "hard", "extreme"]
SEVERITIES: tuple[Severity, ...] = ("clean", "mild", "hard", "extreme")
SHARES = (0.17, 0.42, 0.31, 0.10)

# Exponent on the source's contrast (ink to paper, 0 to 1): 0.4 becomes 0.55, full contrast stays.
BOOST = 0.65


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ranges of the common spoilers for one severity; lengths in small pixels, tones in [0, 1]."""

    blur: tuple[float, float]
    contrast: tuple[float, float]
    noise: tuple[float, float]
    quality: tuple[int, int]
    compressed: float
    """Share of samples that are compressed."""


BOUNDS: dict[Severity, Bounds] = {
    "clean": Bounds((0.0, 0.25), (0.6, 1.0), (0.0, 0.008), (75, 98), 0.25),
    "mild": Bounds((0.1, 0.75), (0.25, 1.0), (0.0, 0.025), (40, 95), 0.5),
    "hard": Bounds((0.5, 1.2), (0.3, 0.85), (0.008, 0.045), (20, 70), 0.7),
    "extreme": Bounds((0.9, 1.6), (0.25, 0.65), (0.015, 0.055), (15, 45), 0.75),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair to learn from."""

    small: npt.NDArray[np.uint8]
    """`(h, w)` luma."""
    target: Plane
    """`(FACTOR·h, FACTOR·w)` luma in [0, 1]."""
    contrast: float
    """Ink to paper in the target, 0 to 1."""


def degrade_print(large: Coverage, x_height_px: float, chance: Chance, *, skew: bool = True) -> Sample:
    """Degrade a printed page; `skew=False` keeps the words in their boxes."""
    bounds = draw_bounds(chance)
    ink = vary_ink(large.astype(np.float32) / 255, x_height_px, chance)
    if skew and chance.random() < 0.25:
        ink = tilt(ink, chance)
    worn = (
        wear(ink, chance, FACTOR * x_height_px * chance.uniform(0.12, 0.5)) if chance.random() < 0.18 else ink
    )
    wanted = np.maximum(worn, 0.85 * ink)
    paper, tone, boosted = draw_tones(chance, bounds, ink.shape)
    source = shrink(blur(paper - tone * worn, chance, bounds), chance)
    source = texture(source, chance) if chance.random() < 0.25 else source
    return finish(source, paper - boosted * wanted, boosted, bounds, chance)


def degrade_screen(large: Coverage, small: Coverage, chance: Chance) -> Sample:
    """Degrade a screen's picture: tones always, compression often, blur and noise rarely."""
    bounds = draw_bounds(chance)
    spoiled = chance.random() < 0.3
    gamma = float(chance.uniform(0.7, 1.3))
    paper, tone, boosted = draw_tones(chance, bounds, large.shape, flat=True)
    source = paper[::FACTOR, ::FACTOR] - tone * (small.astype(np.float32) / 255) ** gamma
    if spoiled:
        source = cv2.GaussianBlur(source, (0, 0), float(chance.uniform(0.2, 0.7)))
    else:
        bounds = Bounds((0, 0), bounds.contrast, (0.0, 0.004), (30, 95), 0.5)
    return finish(source, paper - boosted * large.astype(np.float32) / 255, boosted, bounds, chance)


def draw_bounds(chance: Chance) -> Bounds:
    return BOUNDS[SEVERITIES[int(chance.choice(len(SEVERITIES), p=np.array(SHARES)))]]


def vary_ink(ink: Plane, x_height_px: float, chance: Chance) -> Plane:
    """Make a third of the prints bolder or thinner than their font, source and target alike."""
    if chance.random() > 0.35:
        return ink
    sigma = FACTOR * x_height_px * chance.uniform(0.03, 0.10)
    return spread_ink(
        ink, max(0.5, sigma), float(chance.uniform(0.28, 0.62)), float(chance.uniform(0.3, 0.6))
    )


def tilt(ink: Plane, chance: Chance) -> Plane:
    """Rotate by up to 1.5° and shear a little, about the middle; beyond the border lies bare paper."""
    height, width = ink.shape
    angle = np.deg2rad(chance.uniform(-1.5, 1.5))
    shear, swell = chance.uniform(-0.03, 0.03), chance.uniform(0.97, 1.03)
    matrix = np.array([[swell, -angle + shear, 0.0], [angle, 1.0, 0.0]])
    center = np.array([width / 2, height / 2])
    matrix[:, 2] = center - matrix[:, :2] @ center
    return cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_LINEAR)


def draw_tones(
    chance: Chance, bounds: Bounds, shape: tuple[int, ...], *, flat: bool = False
) -> tuple[Plane, float, float]:
    """Draw the paper, and how much darker ink is in the source and in the target.

    Light text on dark paper has negative contrasts.
    """
    contrast = float(chance.uniform(*bounds.contrast))
    boosted = contrast**BOOST
    level = float(chance.uniform(boosted, 1.0)) if chance.random() < 0.6 else 1.0 - 0.04 * chance.random()
    paper = np.full(shape, level, dtype=np.float32)
    if not flat and chance.random() < 0.3:
        nodes = chance.uniform(-0.5, 0.5, (3, 4)).astype(np.float32) * float(chance.uniform(0.02, 0.2))
        paper += cv2.resize(nodes, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        paper = np.clip(paper, boosted, 1)
    if chance.random() < 0.13:
        return 1 - paper, -contrast, -boosted
    return paper, contrast, boosted


def blur(image: Plane, chance: Chance, bounds: Bounds) -> Plane:
    """Apply the optics' spread at the large size: Gaussian, sometimes uneven, a disc, or motion."""
    sigma = FACTOR * float(chance.uniform(*bounds.blur))
    kind = chance.random()
    if sigma < 0.4:
        return image
    if kind < 0.7:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    if kind < 0.85:
        return cv2.GaussianBlur(image, (0, 0), sigma, sigmaY=max(0.3, sigma * float(chance.uniform(0.3, 1))))
    # A disc of twice the radius spreads as far as the Gaussian of this sigma; a line is its projection.
    reach = max(1, round(2 * sigma))
    grid = np.arange(-reach, reach + 1)
    if kind < 0.94:
        kernel = (np.hypot(grid[:, None], grid[None, :]) <= 2 * sigma).astype(np.float32)
    else:
        angle = chance.uniform(0, np.pi)
        distance = grid[None, :] * np.sin(angle) - grid[:, None] * np.cos(angle)
        kernel = (np.abs(distance) <= 0.7).astype(np.float32)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def shrink(image: Plane, chance: Chance) -> Plane:
    """Reduce by `FACTOR` as one of the world's programs would."""
    size = (image.shape[1] // FACTOR, image.shape[0] // FACTOR)
    kind = chance.random()
    if kind < 0.62:
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if kind < 0.86:
        method = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[int(chance.integers(3))]
        soft = cv2.GaussianBlur(image, (0, 0), float(chance.uniform(0.8, 1.8)))
        return cv2.resize(soft, size, interpolation=method)
    if kind < 0.90:
        return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    # Shrunk too far and enlarged again, as a thumbnail or a zoomed page.
    scale = chance.uniform(0.6, 0.95)
    tiny = cv2.resize(image, (round(size[0] * scale), round(size[1] * scale)), interpolation=cv2.INTER_AREA)
    method = cv2.INTER_CUBIC if chance.random() < 0.5 else cv2.INTER_LINEAR
    return cv2.resize(tiny, size, interpolation=method)


def texture(image: Plane, chance: Chance) -> Plane:
    """Add the paper's grain, which is coarser than the sensor's noise."""
    grain = field_of(chance, image.shape, float(chance.uniform(1.5, 6)))
    return image + grain * float(chance.uniform(0.004, 0.03))


def add_noise(image: Plane, chance: Chance, deviation: float) -> Plane:
    """Add sensor noise: even, or growing with the light, or smeared by a denoiser."""
    noise = chance.standard_normal(image.shape, dtype=np.float32)
    kind = chance.random()
    if kind < 0.2:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.6) * 2
    elif kind < 0.45:
        noise *= np.sqrt(np.clip(image, 0.02, 1))
    return image + deviation * noise


def sharpen(image: Plane, chance: Chance) -> Plane:
    """Overshoot at edges as cameras and scanners do."""
    soft = cv2.GaussianBlur(image, (0, 0), float(chance.uniform(0.6, 1.5)))
    return image + float(chance.uniform(0.3, 1.2)) * (image - soft)


def compress(image: npt.NDArray[np.uint8], chance: Chance, quality: int) -> npt.NDArray[np.uint8]:
    """Encode and decode as JPEG, sometimes as WebP; blocks start anywhere, since crops do."""
    top, left = (int(v) for v in chance.integers(0, 8, 2))
    framed = cv2.copyMakeBorder(image, top, 0, left, 0, cv2.BORDER_REPLICATE)
    kind, flag = (
        (".jpg", cv2.IMWRITE_JPEG_QUALITY) if chance.random() < 0.9 else (".webp", cv2.IMWRITE_WEBP_QUALITY)
    )
    _, data = cv2.imencode(kind, framed, [flag, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return decoded[top:, left:]


def finish(source: Plane, target: Plane, contrast: float, bounds: Bounds, chance: Chance) -> Sample:
    """Sharpen, add noise, round to bytes and compress the source; clip the target."""
    if chance.random() < 0.12:
        source = sharpen(source, chance)
    source = add_noise(source, chance, float(chance.uniform(*bounds.noise)))
    small = (np.clip(source, 0, 1) * 255 + 0.5).astype(np.uint8)
    while chance.random() < bounds.compressed:
        small = compress(small, chance, int(chance.integers(*bounds.quality)))
        if chance.random() < 0.8:
            break
    return Sample(small, np.clip(target, 0, 1), abs(contrast))
