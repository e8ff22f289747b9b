"""`AccuracyTracker`: trials, kept; and what they say about accuracy with and without upsampling.

In: trials, from a study, a file or one by one. Out: frames, a comparison with its uncertainty, tables, a
report. Everything is computed from the store when asked for. Knows nothing of how trials are measured.
"""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from .. import report as report_room
from ..alignment import find_profile
from ..errors import OcrNbError, SettingsError
from ..images import ImageLike, Picture, load_picture
from ..store import IN_MEMORY, TrialStore
from ..summary import Reader, pair_key, reader_of
from ..trial import Trial
from ..verdict import label, percent, seconds
from . import files, ocrd, tables
from .appendix import make_grids
from .comparison import PairedComparison, compare_conditions
from .confusions import count_confusions
from .frames import make_trial, read_frame, read_trials

BASELINE = "original"
PathName = str | PathLike[str]


class AccuracyTracker:
    """Keeps trials and answers whether a condition helps, by how much, where, and how surely."""

    def __init__(self, trials: Iterable[Trial] | TrialStore | PathName | None = None) -> None:
        """Start from trials, or open the store at a path.

        Args:
            trials: a path opens or makes the SQLite file there, and everything added goes into it; trials are
                kept in memory; None starts empty.

        Raises:
            StoreError: the file is no store of this version, or cannot be opened.
        """
        if isinstance(trials, TrialStore):
            self.store = trials
        elif isinstance(trials, str | PathLike):
            self.store = TrialStore(trials)
        else:
            self.store = TrialStore(IN_MEMORY)
            self.extend(trials or ())

    def add(self, trial: Trial) -> bool:
        """Keep one trial; False when the same was measured before (see `TrialStore.add`)."""
        return self.store.add(trial)

    def extend(self, trials: Iterable[Trial]) -> int:
        """Keep many trials; return how many were new, or replaced an error."""
        return self.store.extend(trials)

    def record(
        self, image: str, text: str, *, truth: str | None = None, condition: str = BASELINE, **fields: Any
    ) -> bool:
        """Keep a reading that was made elsewhere; `fields` are further fields of `Trial` (`seconds=1.2`).

        Raises:
            SettingsError: a field has a value of the wrong kind.
        """
        known = {"image": image, "text": text, "ground_truth": truth, "condition": condition}
        return self.add(make_trial(known | fields))

    def __len__(self) -> int:
        return len(self.store)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.store)

    @property
    def frame(self) -> pd.DataFrame:
        """All trials as a new, plain DataFrame, one row each; see `frames` for columns and types."""
        return read_frame(self.store)

    @property
    def readers(self) -> list[Reader]:
        """Who read, in the order in which they came."""
        rows = self.store.columns(("engine", "engine_version", "service"))
        return [Reader(*row) for row in dict.fromkeys(rows)]

    @property
    def conditions(self) -> list[str]:
        """The conditions, in the order in which they came."""
        return list(dict.fromkeys(row[0] for row in self.store.columns(("condition",))))

    def find_reader(self, reader: str | Reader | None = None) -> Reader:
        """Return the reader meant by an engine's name or a reader's written form; None means the only one.

        Raises:
            SettingsError: there is no such reader, or there are several.
        """
        if isinstance(reader, Reader):
            return reader
        found = [one for one in self.readers if reader is None or reader in {one.engine, str(one)}]
        if len(found) == 1:
            return found[0]
        known = ", ".join(str(one) for one in self.readers) or "nobody"
        if reader is None:
            raise SettingsError(f'These trials are by {known}: choose one reader, such as reader="…".')
        raise SettingsError(f"reader={reader!r} is not one of these: {known}. Choose one, as it is written.")

    def renormalized(self, normalization: str) -> AccuracyTracker:
        """Return a tracker in memory with every trial counted anew under that profile, from its texts.

        Raises:
            SettingsError: no profile has that name.
        """
        name = find_profile(normalization).name
        anew = (make_trial(dataclasses.asdict(trial) | {"normalization": name}) for trial in self.store)
        return AccuracyTracker(anew)

    def compare(
        self, before: str = BASELINE, after: str = "upsampled", *,
        reader: str | Reader | None = None, normalization: str | None = None, seed: int = 0,
    ) -> PairedComparison:  # fmt: skip
        """Say what `after` did to the images that were read under `before` as well.

        Args:
            before: the condition to compare with.
            after: the condition in question.
            reader: whose trials, an engine's name or a `Reader`, where there are several.
            normalization: the profile to count under; None for the one the trials were counted under.
            seed: of the bootstrap and the permutations.

        Raises:
            SettingsError: there is nothing to compare, or it is not clear what (see `compare_conditions`).
        """
        tracker = self if normalization is None else self.renormalized(normalization)
        return compare_conditions(tracker.store, before, after, self.find_reader(reader), seed=seed)

    def confusions(
        self, before: str = BASELINE, after: str = "upsampled", *, reader: str | Reader | None = None
    ) -> pd.DataFrame:
        """Return which misreadings `after` fixes and which it brings (see `count_confusions`)."""
        chosen = self.find_reader(reader)
        first: dict[str, Trial] = {}
        second: dict[str, Trial] = {}
        for trial in self.store:
            if reader_of(trial) == chosen and trial.error is None and trial.ground_truth is not None:
                {before: first, after: second}.get(trial.condition, {})[pair_key(trial)] = trial
        return count_confusions(
            (one.ground_truth or "", one.text or "", second[key].text or "", one.normalization or "standard")
            for key, one in first.items()
            if key in second
        )

    def summary(self) -> pd.DataFrame:
        """Return one row a reader and condition: images, failures, micro and macro rates, seconds, calls."""
        return tables.summarize_conditions(self.store)

    def by_x_height(self, edges: Sequence[float] = tables.X_HEIGHT_EDGES) -> pd.DataFrame:
        """Return the rates per x-height of the image as given, in pixels, with the interval of the CER."""
        return tables.break_down(self.store, "x_height_px", edges)

    def by(self, column: str) -> pd.DataFrame:
        """Return the rates per value of a column, such as `group`, `variant` or `image`."""
        return tables.break_down(self.store, column)

    def costs(self, baseline: str = BASELINE) -> pd.DataFrame:
        """Return what each condition corrects, and its extra seconds and calls per corrected character."""
        return tables.count_costs(self.store, baseline)

    def bags_of_words(self) -> pd.DataFrame:
        """Return how many words were found wherever they stand: forgives reading order, hides its faults."""
        return tables.count_bags(self.store)

    def proxies(self, baseline: str = BASELINE, dictionary: Iterable[str] | None = None) -> pd.DataFrame:
        """Return what is known of each trial without ground truth: proxies, no measure of accuracy.

        Args:
            baseline: the condition with whose reading the others' agreement is measured.
            dictionary: the words of the language, for the share of words that exist.
        """
        return tables.measure_proxies(self.store, baseline, dictionary)

    def proxy_correlations(
        self, baseline: str = BASELINE, dictionary: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """Return how well each proxy orders readings as the CER does, over the trials that have a truth."""
        return tables.correlate_proxies(self.proxies(baseline, dictionary))

    def report(
        self, path: PathName, pictures: Mapping[tuple[str, str], Picture] | Iterable[ImageLike] = (), *,
        most_images: int = report_room.MOST_IMAGES,
    ) -> Path:  # fmt: skip
        """Write one self-contained HTML file: the answer in words, figures, tables, the images one by one.

        Misread words are cut out of `pictures`; images beyond `most_images`, those with the least to show,
        stand in the tables only.

        Args:
            path: where the file goes.
            pictures: what was recognized, by (image hash, condition), as `compare_with_pictures` gives them;
                or the image files as given, which are then shown with their readings.
            most_images: how many images are shown, the regressions first.

        Raises:
            SettingsError: there are no trials.
            ImageError: an image cannot be read.
        """
        trials = list(self.store)
        if not trials:
            raise SettingsError("There are no trials to report: add some first.")
        shown = pictures if isinstance(pictures, Mapping) else _by_hash(pictures)
        target = Path(path)
        page = report_room.render_report(
            trials, shown, detail=lambda baseline, chief: make_grids(self, baseline, chief),
            most_images=most_images,
        )  # fmt: skip
        target.write_text(page, encoding="utf-8")
        return target

    def to_csv(self, path: PathName) -> Path:
        """Write CSV that no spreadsheet computes (see `files`)."""
        return files.write_csv(self.store, path)

    def to_parquet(self, path: PathName) -> Path:
        """Write Apache Parquet; needs the extra `parquet`."""
        return files.write_parquet(self.store, path)

    def to_json_lines(self, path: PathName) -> Path:
        """Write one JSON object a line."""
        return files.write_json_lines(self.store, path)

    def to_ocrd_json(self, path: PathName) -> Path:
        """Write OCR-D's evaluation JSON; it has no place for texts."""
        return ocrd.write_ocrd(self.store, path)

    @classmethod
    def from_csv(cls, path: PathName) -> AccuracyTracker:
        """Read what `to_csv` wrote, or any CSV file whose headings are fields of `Trial`."""
        return cls(files.read_csv(path))

    @classmethod
    def from_parquet(cls, path: PathName) -> AccuracyTracker:
        """Read what `to_parquet` wrote; needs the extra `parquet`."""
        return cls(files.read_parquet(path))

    @classmethod
    def from_json_lines(cls, path: PathName) -> AccuracyTracker:
        """Read what `to_json_lines` or `ocr-nb compare --json` wrote."""
        return cls(files.read_json_lines(path))

    @classmethod
    def from_ocrd_json(cls, path: PathName) -> AccuracyTracker:
        """Read OCR-D's evaluation JSON: rates without texts, so without comparisons."""
        return cls(ocrd.read_ocrd(path))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> AccuracyTracker:
        """Read a DataFrame whose columns are fields of `Trial`; others are left out."""
        return cls(read_trials(frame))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> AccuracyTracker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<AccuracyTracker of {len(self)} trials in {self.store.path}>"

    def _repr_html_(self) -> str:
        if not len(self):
            return "<p>No trials yet.</p>"
        return f"<div>{self._sentence_html()}{_summary_html(self.summary())}</div>"

    def _sentence_html(self) -> str:
        """Return the answer for the first reader, where there is one."""
        others = [name for name in self.conditions if name != BASELINE]
        for name in sorted(others, key=lambda one: not one.startswith("upsampled")):
            for reader in self.readers:
                try:
                    said = self.compare(BASELINE, name, reader=reader).sentences
                except OcrNbError:  # without truth, or without pairs, the table below says what is known
                    continue
                return "".join(f"<p>{html.escape(one)}</p>" for one in said)
        return ""


def _by_hash(images: Iterable[ImageLike]) -> dict[tuple[str, str], Picture]:
    loaded = (load_picture(image) for image in images)
    return {(picture.hash, BASELINE): picture for picture in loaded}


def _summary_html(table: pd.DataFrame) -> str:
    heads = (
        "condition", "read by", "images", "CER", "mean of images", "WER", "confidence*", "time an image",
        "calls",
    )  # fmt: skip
    rows = "".join(_row_html(row) for row in table.to_dict("records"))
    head = "".join(f"<th>{one}</th>" for one in heads)
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        "<p><small>CER and WER: edits ÷ length over all images. "
        "* A proxy, no measure of accuracy.</small></p>"
    )


def _row_html(row: Mapping[Any, Any]) -> str:
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    reader = Reader(known["engine"], known["engine_version"], known["service"])
    images = f"{known['images']} ({known['failed']} failed)" if known["failed"] else str(known["images"])
    confidence = "—" if known["confidence"] is None else f"{known['confidence']:.2f}"
    cells = [
        str(reader), images, percent(known["cer_micro"]), percent(known["cer_macro"]),
        percent(known["wer_micro"]), confidence, seconds(known["seconds"]), str(known["calls"]),
    ]  # fmt: skip
    name = html.escape(label(str(known["condition"])))
    return f"<tr><th>{name}</th>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
