"""A study of scanned receipts, shrunk: does upsampling help, at which size, and is that certain?

    python -m benchmarks.receipts measure --receipts FOLDER --store FILE [--limit 20] [--minutes 60]
    python -m benchmarks.receipts write --store FILE --into docs --commit HASH --command TEXT [--since TIME]

`measure` cuts a strip of successive lines from each receipt of FOLDER (see `benchmarks.baseline`), shrinks it
so that the median line has each of the wanted heights, and has both engines read it under every condition.
Interrupted, the same call goes on where it was. `write` makes `study.md` and its pictures from the store;
they hold numbers only, nothing of the receipts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.baseline import NORMALIZATION, Receipt, load_receipts, note, sorted_rows

from ocr_nb import plots
from ocr_nb.engine.upsampler import DEFAULT_METHOD
from ocr_nb.filters import resize
from ocr_nb.images import Picture, from_array
from ocr_nb.service.local import LocalService
from ocr_nb.settings import cap_threads
from ocr_nb.studies import Study
from ocr_nb.summary import Reader
from ocr_nb.tracker import AccuracyTracker
from ocr_nb.tracker.tables import correlate_proxies
from ocr_nb.verdict import label, percent, points

HEIGHTS = (6, 8, 10, 12, 16, 24)
"""Of the median line, pixels: 8 is very small, 16 easy. A lowercase x is about half as high."""
FULL = "full size"
VARIANTS = (*(f"{height} px" for height in HEIGHTS), FULL)
CONDITIONS = (
    "original", "resized:x2", "resized:x3", "resized:x4", "upsampled:x2", "upsampled:x3", "upsampled:x4",
    "upsampled", "make_upsampling", "upsampled:x3+binarize",
)  # fmt: skip
AT_FULL_SIZE = ("original", "upsampled", "make_upsampling")
ENGINES = ("tesseract", "rapidocr")
ROWS = 16
"""Annotated rows of a strip, at least; two of them often share a line."""


def strip_of(receipt: Receipt, count: int, rnd: random.Random) -> tuple[Picture, str] | None:
    """Return a strip with `count` or a few more successive rows, and its text.

    It is cut where no row is touched; None where there is no such strip.
    """
    rows = sorted(receipt.rows, key=lambda row: row.corners[:, 1].min())
    tops = [float(row.corners[:, 1].min()) for row in rows]
    bottoms = np.maximum.accumulate([float(row.corners[:, 1].max()) for row in rows])
    gaps = [place for place in range(1, len(rows)) if bottoms[place - 1] <= tops[place]]
    cuts = [0, *gaps, len(rows)]
    spans = [(start, end) for start in cuts for end in cuts if count <= end - start <= count + 6]
    if not spans:
        return None
    start, end = rnd.choice(spans)
    # Half a line beyond the rows, or half of the gap to the next: what is not annotated stays outside.
    reach = 0.5 * receipt.line_height
    top = tops[start] - min(reach, (tops[start] - bottoms[start - 1]) / 2 if start else tops[0])
    bottom = bottoms[end - 1] + min(reach, (tops[end] - bottoms[end - 1]) / 2 if end < len(rows) else reach)
    pixels = receipt.picture.pixels[int(top) : int(min(np.ceil(bottom), receipt.picture.height))]
    return from_array(pixels), sorted_rows(rows[start:end])


def measure(options: argparse.Namespace) -> None:
    """Measure receipt after receipt, in an order that the seed gives, until all are done or time is up."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # Tesseract's threads fight on small images
    cap_threads(1)
    names = [path.stem for path in sorted(options.receipts.glob("*.jpg"))]
    receipts = dict(zip(names, load_receipts(options.receipts, None), strict=True))
    random.Random(options.seed).shuffle(names)
    services = [LocalService(engine, workers=1, method=options.method) for engine in ENGINES]
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder, AccuracyTracker(options.store) as tracker:
        for number, name in enumerate(names[: options.limit], 1):
            if time.monotonic() > end:
                note(f"time is up before {name}")
                break
            table = strips_of(receipts[name], name, Path(folder), options.seed)
            if table is None:
                note(f"{name}: no strip can be cut, left out")
                continue
            is_full = table["variant"] == FULL
            for rows, conditions in ((table[~is_full], CONDITIONS), (table[is_full], AT_FULL_SIZE)):
                if len(rows):
                    study = Study(rows, None, conditions, services=services, normalization=NORMALIZATION)
                    study.run(store=tracker)
            note(f"{number} receipts, {len(tracker)} trials")


def strips_of(receipt: Receipt, name: str, folder: Path, seed: int) -> pd.DataFrame | None:
    """Write a receipt's strip at every height; return the study's table of them."""
    cut = strip_of(receipt, ROWS, random.Random(f"{seed} {name}"))
    if cut is None:
        return None
    strip, truth = cut
    rows = []
    for height in (*HEIGHTS, None):
        if height is not None and height >= receipt.line_height:
            continue
        small = strip if height is None else resize(strip, height / receipt.line_height).picture
        variant = FULL if height is None else f"{height} px"
        path = folder / f"{name} {variant}.png"
        path.write_bytes(small.png)
        rows.append({"image": path, "ground_truth": truth, "group": name, "variant": variant})
    return pd.DataFrame(rows)


DRAWN = ("original", "resized:x3", "upsampled:x3", "make_upsampling")
CHIEF = {"tesseract": "upsampled:x3", "rapidocr": "upsampled:x3"}
"""The condition whose images are drawn one by one: the same for both, so that they can be compared."""


def write(options: argparse.Namespace) -> None:
    """Write `study.md` and the pictures beside it."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ocr_nb"  # the same picture gives the same file
    pictures = options.into / "study"
    pictures.mkdir(exist_ok=True)
    with AccuracyTracker(options.store) as stored:
        text = _document(_nameless(stored), pictures, options)
    target = options.into / "study.md"
    target.write_text(text, encoding="utf-8")
    note(f"{target} and {len(list(pictures.glob('*.svg')))} pictures")


def _nameless(stored: AccuracyTracker) -> AccuracyTracker:
    """Return the same trials with numbers in place of the receipts' names, which are nobody's business."""
    numbers: dict[str | None, str] = {}
    tracker = AccuracyTracker()
    trials = []
    for one in stored:
        name = numbers.setdefault(one.group, f"receipt {len(numbers) + 1}")
        trials.append(replace(one, image=f"{name}, {one.variant}", group=name))
    tracker.store.extend(trials)
    return tracker


def _document(tracker: AccuracyTracker, pictures: Path, options: argparse.Namespace) -> str:
    frame = tracker.frame
    readers = {str(reader.engine): reader for reader in tracker.readers}
    upsamplers = sorted({json.loads(text)["upsampler"] for text in frame["settings"] if "upsampler" in text})
    timed = _measured_since(tracker, options.since)
    images, failed = frame.groupby(["image", "variant"]).ngroups, int(frame["error"].notna().sum())
    parts = [
        "# Does upsampling help to read small receipts?",
        f"A study of {frame['group'].nunique()} scanned receipts (ICDAR 2019 SROIE; nothing of them is in "
        f"this repository): of each a strip of at least {ROWS} annotated rows, shrunk so that its median "
        f"line is {', '.join(map(str, HEIGHTS[:-1]))} and {HEIGHTS[-1]} px high and as scanned, read by "
        f"{' and '.join(map(str, readers.values()))} under each condition: {len(frame)} trials of {images} "
        f"images, {failed} failed. A line of 8 px is very small, one of 16 px easy; a lowercase x is about "
        "half as high. Strips whose own lines are smaller than a size are left out of it. Upsampler of these "
        f"trials: {', '.join(upsamplers)}. CER without regard to case, rows of the truth sorted by height; "
        "intervals are 95 %, over receipts.",
        f"Measured at commit {options.commit} by `{options.command}`, on two shared cores, in a random "
        "order: differences of two or three points are within chance. " + options.note,
        "## In a sentence",
        *[f"- {reader}: {_sentence(tracker, reader)}" for reader in readers.values()],
        "The first two compare with the original at all heights together, ×3 for both readers; where the "
        "advice decides (`upsampled`, `make_upsampling`):",
        *[f"- {reader}: {_sentence(tracker, reader, 'make_upsampling')}" for reader in readers.values()],
        "## Where it helps and where it harms",
        "The sentences put all heights together; what is true of one height is not of another. Receipts "
        "read better, worse and the same, and the largest loss in points of the CER (above 100 where more "
        "letters are read than there are):",
        _helped_by_height(frame),
        "## By height of the lines",
        *[_by_height(tracker, reader) for reader in readers.values()],
        *[_pictures(tracker, timed, engine, reader, pictures) for engine, reader in readers.items()],
        "## Every condition against the original",
        *[_all_conditions(tracker, reader) for reader in readers.values()],
        "## What it costs",
        _markdown(
            ["engine", "condition", "images", "characters corrected", "seconds more an image",
             "seconds a corrected character", "calls a corrected character"],
            [
                [row.engine, label(str(row.condition)), row.images, row.corrected,
                 f"{row.extra_seconds / row.images:.2f}", _plain(row.seconds_per_corrected),
                 _plain(row.calls_per_corrected)]
                for row in timed.costs().itertuples()
            ],
        ),
        f"Of the {timed.frame['group'].nunique()} receipts whose every trial was measured in one run. "
        "Seconds were measured while other programs used both cores, and the first original that an engine "
        "reads includes loading its models: only large differences say anything.",
        "## What one would know without ground truth",
        "Rank correlation (Spearman) of each proxy with the CER over these trials; −1 would order readings "
        "as the CER does, 0 says nothing.",
        _proxies(tracker),
        "## Words found wherever they stand",
        "Precision, recall and F1 of words forgive reading order, and so hide its faults.",
        _markdown(
            ["engine", "condition", "precision", "recall", "F1"],
            [
                [row.engine, label(str(row.condition)), percent(row.bag_precision), percent(row.bag_recall),
                 percent(row.bag_f1)]
                for row in tracker.bags_of_words().itertuples()
            ],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _measured_since(tracker: AccuracyTracker, since: str) -> AccuracyTracker:
    """Return the trials of receipts none of whose trials is older: times of different runs do not compare."""
    trials = list(tracker)
    older = {one.group for one in trials if (one.time or "") < since}
    timed = AccuracyTracker()
    timed.store.extend(one for one in trials if one.group not in older)
    return timed


def _sentence(tracker: AccuracyTracker, reader: Reader, condition: str = "") -> str:
    compared = tracker.compare("original", condition or CHIEF[str(reader.engine)], reader=reader)
    return " ".join(compared.sentences)


def _helped_by_height(frame: pd.DataFrame) -> str:
    keys = ["engine", "group", "variant"]
    before = frame[frame["condition"] == "original"].set_index(keys)["cer"]
    rows = []
    for engine in ENGINES:
        for condition in (CHIEF[engine], "make_upsampling"):
            after = frame[frame["condition"] == condition].set_index(keys)["cer"]
            change = (after - before).dropna().loc[engine]
            cells = []
            for height in VARIANTS:
                found = change[change.index.get_level_values("variant") == height]
                counts = f"{(found < 0).sum()} · {(found > 0).sum()} · {(found == 0).sum()}"
                worst = f", {points(found.max())}" if (found > 0).any() else ""
                cells.append(counts + worst if len(found) else "")
            rows.append([engine, label(condition), *cells])
    return _markdown(["engine", "condition", *VARIANTS], rows)


def _by_height(tracker: AccuracyTracker, reader: Reader) -> str:
    table = tracker.by("variant")
    table = table[(table["engine"] == reader.engine) & (table["service"] == reader.service)]
    heights = [name for name in VARIANTS if (table["variant"] == name).any()]
    cells = {(row.condition, row.variant): row for row in table.itertuples()}
    rows = []
    for condition in CONDITIONS:
        row = [label(condition)]
        for height in heights:
            found = cells.get((condition, height))
            row.append("" if found is None else f"{found.cer_micro:.3f}{_between(found)}")
        rows.append(row)
    images = [next(row.images for row in table.itertuples() if row.variant == name) for name in heights]
    heads = [f"{name} ({count})" for name, count in zip(heights, images, strict=True)]
    return f"CER of {reader}, its interval, and in the heading how many receipts:\n\n" + _markdown(
        ["condition", *heads], rows
    )


def _between(row: Any) -> str:
    return "" if np.isnan(row.cer_low) else f" ({row.cer_low:.2f}–{row.cer_high:.2f})"


def _all_conditions(tracker: AccuracyTracker, reader: Reader) -> str:
    rows = []
    for condition in CONDITIONS[1:]:
        found = tracker.compare("original", condition, reader=reader)
        interval = found.cer.interval
        between = "—" if interval is None else f"{points(interval.low)} to {points(interval.high)}"
        rows.append(
            [label(condition), found.images, percent(found.cer.before_micro), percent(found.cer.after_micro),
             points(found.cer.change), between, f"{found.cer.permutation_p:.2g}",
             f"{found.helped} · {found.hurt} · {found.same}"]
        )  # fmt: skip
    heads = ["condition", "images", "CER before", "after", "points", "95 % interval", "p (permutation)",
             "better · worse · same"]  # fmt: skip
    return f"{reader}:\n\n" + _markdown(heads, rows)


def _proxies(tracker: AccuracyTracker) -> str:
    proxies = tracker.proxies()
    rows = [
        [engine, row.proxy.removesuffix("_proxy"), row.trials, f"{row.spearman:+.2f}"]
        for engine, mine in proxies.groupby("engine", observed=True)
        for row in correlate_proxies(mine).itertuples()
        if not np.isnan(row.spearman)
    ]
    return _markdown(["engine", "proxy", "trials", "ρ"], rows)


def _pictures(
    tracker: AccuracyTracker, timed: AccuracyTracker, engine: str, reader: Reader, folder: Path
) -> str:
    """Draw, and return the Markdown that shows it; costs are those of `timed`."""
    from matplotlib import pyplot

    condition = CHIEF[engine]
    compared = tracker.compare("original", condition, reader=reader)
    drawn = {
        "by_height": lambda ax: plots.draw_by_variant(
            tracker, VARIANTS[:-1], reader=reader, conditions=DRAWN, ax=ax
        ),
        "by_x_height": lambda ax: plots.draw_by_x_height(tracker, reader=reader, conditions=DRAWN, ax=ax),
        "slopes": lambda ax: plots.draw_slopes(compared, ax=ax),
        "differences": lambda ax: plots.draw_differences(compared, ax=ax),
        "confusions": lambda ax: plots.draw_confusions(
            tracker.confusions("original", condition, reader=reader), ax=ax
        ),
        "costs": lambda ax: plots.draw_costs(timed, reader=reader, ax=ax),
    }
    shown = []
    for name, draw in drawn.items():
        figure, axes = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
        draw(axes)
        figure.savefig(folder / f"{engine}_{name}.svg", metadata={"Date": None})
        pyplot.close(figure)
        shown.append(f"![{engine}: {axes.get_title(loc='left').strip()}](study/{engine}_{name}.svg)")
    return "\n".join(shown)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _plain(value: float) -> str:
    return "—" if np.isnan(value) else f"{value:.3f}"


def main() -> None:
    """Read the options; measure or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(required=True)
    measuring = parts.add_parser("measure")
    measuring.add_argument("--receipts", type=Path, required=True, metavar="FOLDER")
    measuring.add_argument("--store", type=Path, required=True)
    measuring.add_argument("--method", default=DEFAULT_METHOD, help="of upsampling")
    measuring.add_argument("--limit", type=int, help="how many receipts (default: all)")
    measuring.add_argument("--minutes", type=float, default=60.0, help="no receipt is begun after these")
    measuring.add_argument("--seed", type=int, default=1, help="of the strips and the order")
    measuring.set_defaults(work=measure)
    writing = parts.add_parser("write")
    writing.add_argument("--store", type=Path, required=True)
    writing.add_argument("--into", type=Path, required=True, metavar="FOLDER")
    writing.add_argument("--commit", required=True, help="at which it was measured, to be named")
    writing.add_argument("--command", required=True, help="by which it was measured, to be named")
    writing.add_argument("--note", default="", help="what else is to be said of the measuring")
    writing.add_argument("--since", default="", help="UTC time from which seconds and calls are told")
    writing.set_defaults(work=write)
    options = parser.parse_args()
    options.work(options)


if __name__ == "__main__":
    main()
