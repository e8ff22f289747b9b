"""The report's page: the answer first, a table, three figures, then every image, regressions first.

In: trials, and the pictures that were recognized. Out: one HTML file that needs nothing else: styles, script
and images inside, a Content-Security-Policy that allows just these, no address of anywhere. It opens from
disk, prints, and can be mailed; it holds the images, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

from ..alignment import PROFILES
from ..images import Picture
from ..summary import ConditionSummary, Reader, Summary, summarize
from ..trial import Trial
from ..verdict import chief_row, doing, label, percent, points, seconds
from .appendix import Grid, show_grids
from .document import COMPARISON, render_document
from .figures import draw_differences, draw_rates, draw_slopes, palette
from .gallery import ImageCase, find_cases, show_case, show_index, table
from .markup import Markup, element, join, prose

MOST_IMAGES = 200
"""Shown one by one, so that the page of a large study still opens."""
_STYLES = ("report.css", "image_compare.css")
_SCRIPTS = (*COMPARISON, "report.js")


def write_report(
    trials: Sequence[Trial], pictures: Mapping[tuple[str, str], Picture], folder: str | PathLike[str]
) -> Path:
    """Write `report.html` into `folder` (made if missing) and return its path.

    Args:
        trials: at least one; errors are shown as such.
        pictures: what was recognized, by (image hash or image name, condition); may lack any.
        folder: where the report goes; an earlier report there is replaced.

    Raises:
        ValueError: there are no trials.
        OSError: the folder cannot be made or written.
    """
    page = render_report(trials, pictures)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    target = place / "report.html"
    target.write_text(page, encoding="utf-8")
    return target


def render_report(
    trials: Sequence[Trial],
    pictures: Mapping[tuple[str, str], Picture],
    *,
    detail: Callable[[str, dict[Reader, str]], Sequence[Grid]] = lambda baseline, chief: (),
    most_images: int = MOST_IMAGES,
) -> str:
    """Return the whole page as HTML (see `write_report`).

    Args:
        trials: at least one.
        pictures: what was recognized.
        detail: makes further tables, given the baseline and each reader's chief condition.
        most_images: how many images are shown one by one, regressions first.
    """
    summary = summarize(trials)
    chief = {reader: chief_row(summary, reader) for reader in summary.readers}
    names = {reader: row.condition for reader, row in chief.items() if row is not None}
    cases, left_out = find_cases(
        trials, baseline=summary.baseline, chief=names, pictures=pictures, most=most_images
    )
    title = _question(summary, next(iter(names.values()), None))
    figures = [_figures(summary, trials, reader, row) for reader, row in chief.items() if row is not None]
    main = element(
        "main",
        _opening(summary, title, shows_pictures=any(case.picture(summary.baseline) for case in cases)),
        _results(summary),
        figures,
        show_grids(detail(summary.baseline, names)),
        _images(cases, left_out),
        _method(summary, trials),
    )
    return str(render_document(title, main, styles=_STYLES, scripts=_SCRIPTS))


def _question(summary: Summary, condition: str | None) -> str:
    these = "this image" if summary.images == 1 else f"these {summary.images} images"
    return f"Does {doing(condition)} help to read {these}?" if condition else f"How well {these} can be read"


def _opening(summary: Summary, title: str, *, shows_pictures: bool) -> Markup:
    first, *others = summary.sentences
    today = datetime.now(UTC)
    holds = "the images and the texts" if shows_pictures else "the texts"
    return element(
        "header",
        element(
            "p", "Recognition report · ", " · ".join(str(reader) for reader in summary.readers),
            f" · {today.day} {today:%B %Y}", class_="kicker",
        ),
        element("h1", prose(title)),
        element("p", _emphasized(first), class_="lead"),
        [element("p", prose(other), class_="also") for other in others],
        element("p", f"This file contains {holds} themselves: mind whom you give it to.", class_="holds"),
    )  # fmt: skip


def _emphasized(sentence: str) -> Markup:
    """Set the verdict, what stands before the colon, apart from its numbers."""
    verdict, colon, numbers = prose(sentence).partition(": ")
    return join([element("strong", verdict + colon.rstrip()), f" {numbers}"] if colon else [prose(sentence)])


def _results(summary: Summary) -> Markup:
    colors = palette(row.condition for row in summary.conditions)
    many = len(summary.readers) > 1
    rows = [_result_row(row, colors[row.condition], many=many) for row in summary.conditions]
    heads = [
        "Condition",
        "Images",
        "CER",
        "mean of pages",
        "WER",
        "Change of CER, points",
        "Better · worse · same",
        "Time an image",
        "Calls",
    ]
    if all(row.cer is None for row in summary.conditions):
        heads = ["Condition", "Images", "Confidence (proxy)", "Agreement (proxy)", "Time an image", "Calls"]
        rows = [_proxy_row(row, colors[row.condition], many=many) for row in summary.conditions]
    return element("section", table(heads, rows, "Table 1. Each condition over all images"), class_="results")


def _name_cell(row: ConditionSummary, color: str, *, many: bool) -> Markup:
    reader = element("span", f" {row.reader}", class_="aside") if many else None
    return element(
        "th",
        element("span", class_=f"swatch {color}", aria_hidden="true"),
        label(row.condition),
        reader,
        scope="row",
    )


def _result_row(row: ConditionSummary, color: str, *, many: bool) -> Markup:
    difference = row.difference
    change, counts = "—", "—"
    if difference is not None:
        change = points(difference.cer)
        if difference.interval is not None:
            change += f" ({points(difference.interval.low)} to {points(difference.interval.high)})"
        counts = f"{len(difference.helped)} · {len(difference.hurt)} · {len(difference.same)}"
    cells = [
        _count(row),
        percent(row.cer.corpus if row.cer else None),
        percent(row.cer.page_mean if row.cer else None),
        percent(row.wer.corpus if row.wer else None),
        change,
        counts,
        seconds(row.seconds),
        "—" if row.calls is None else str(row.calls),
    ]
    return _row(_name_cell(row, color, many=many), cells)


def _proxy_row(row: ConditionSummary, color: str, *, many: bool) -> Markup:
    cells = [
        _count(row),
        "—" if row.confidence is None else f"{row.confidence:.2f}",
        percent(row.agreement),
        seconds(row.seconds),
        "—" if row.calls is None else str(row.calls),
    ]
    return _row(_name_cell(row, color, many=many), cells)


def _row(name: Markup, cells: Sequence[str]) -> Markup:
    return element(
        "tr", name, [element("td", cell.replace(" ", "\u00a0"), class_="figure") for cell in cells]
    )


def _count(row: ConditionSummary) -> str:
    return f"{row.images} ({row.failed} failed)" if row.failed else str(row.images)


def _figures(
    summary: Summary, trials: Sequence[Trial], reader: Reader, chief: ConditionSummary
) -> Markup | None:
    if chief.cer is None:
        return None
    drawn = (
        (
            draw_differences(summary, reader),
            f"Change of the corpus CER against {label(summary.baseline)}, in points, with its 95 % interval. "
            "Left of zero is better.",
        ),
        (
            draw_slopes(summary, trials, chief),
            f"CER of each image, {label(summary.baseline)} to {label(chief.condition)}. Dashed: worse.",
        ),
        (draw_rates(summary, trials, reader), "CER of each image (dots) and of all together (line)."),
    )
    title = element("h2", f"Figures, {reader}") if len(summary.readers) > 1 else None
    return element(
        "section",
        title,
        element(
            "div",
            [
                element(
                    "figure",
                    figure,
                    element("figcaption", element("b", f"Figure {number}. "), prose(caption)),
                )
                for number, (figure, caption) in enumerate(drawn, 1)
            ],
            class_="figures",
        ),
    )


def _images(cases: Sequence[ImageCase], left_out: int) -> Markup:
    more = f"{left_out} more images stand in the figures above only." if left_out else None
    legend = element(
        "p",
        "In the readings: ",
        element("span", element("span", "✓", class_="sign"), "fixed", class_="word fixed"), ", ",
        element("span", element("span", "✗", class_="sign"), "broken", class_="word broken"), ", ",
        element("span", "still wrong", class_="word wrong"), " against the original; ",
        element("span", "struck through", class_="word wrong missing"), ": not read at all.", class_="legend",
    )  # fmt: skip
    return element(
        "section",
        element("h2", "Image by image"),
        element("p", prose(more), class_="aside") if more else None,
        show_index(cases) if len(cases) > 1 else None,
        legend,
        [show_case(case, number) for number, case in enumerate(cases, 1)],
    )


def _method(summary: Summary, trials: Sequence[Trial]) -> Markup:
    profile = PROFILES.get(summary.normalization or "")
    left_out = sum(trial.error is not None for trial in trials)
    plural = "recognition" if left_out == 1 else "recognitions"
    counted = _PROXIES if profile is None else _COUNTED.format(name=profile.name, meaning=profile.meaning)
    failed = f" {left_out} {plural} failed and stand in no figure." if left_out else ""
    return element(
        "footer",
        element("h2", "How it was measured"),
        element("p", counted, failed, " Times run from submission to result."),
        element("p", prose(_SHOWN)),
    )


_PROXIES = "No ground truth was given: confidence and agreement are proxies, no measure of accuracy."
_COUNTED = (
    "CER counts edits over grapheme clusters, WER over words without punctuation (Unicode Annex 29), both "
    "after normalization “{name}”: {meaning} Corpus figures are the sum of edits over the sum of lengths; "
    "the mean of pages weighs each image alike. Differences are paired image by image; intervals are "
    "over documents (bootstrap-t, no narrower than Student's t)."
)
_SHOWN = (
    "Sizes, x-heights and contrasts are those of the images shown. In a comparison, 100 % means one pixel of "
    "the finest image on one pixel of the screen; enlarged pixels are shown as they are unless Pixels is off."
)
