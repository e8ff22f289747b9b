"""Trials as OCR-D's evaluation JSON, and back (ocr-d.de/en/spec/ocrd_eval, schema ocrd_eval.schema.yml).

One evaluation a reader and condition: rates of the whole and of each page. The format has no place for texts,
so that what is read from it has rates and no counts; our own additions stand where the schema allows any key.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import SettingsError
from ..metrics import corpus_rates
from ..store import TrialStore
from ..summary import accuracy_of, reader_of
from ..trial import Trial
from .files import PathName
from .frames import make_trial

_EXTRAS = ("image_hash", "group", "variant", "confidence", "x_height_px")


def write_ocrd(store: TrialStore, path: PathName) -> Path:
    """Write a list of evaluations; pages that failed, or have no ground truth, stand in none."""
    sets: dict[tuple[Any, str], list[Trial]] = defaultdict(list)
    for trial in store:
        if trial.error is None and trial.cer is not None:
            sets[reader_of(trial), trial.condition].append(trial)
    evaluations = [_evaluation(f"{reader}, {name}", rows) for (reader, name), rows in sets.items()]
    target = Path(path)
    target.write_text(json.dumps(evaluations, ensure_ascii=False, indent=1, allow_nan=False), "utf-8")
    return target


def _evaluation(title: str, trials: Sequence[Trial]) -> dict[str, Any]:
    first = trials[0]
    workflow = f"{first.service or 'unknown'}:{first.engine or 'unknown'}:{first.condition}"
    parameters = {
        "condition": first.condition, "engine": first.engine, "engine_version": first.engine_version,
        "service": first.service, "normalization": first.normalization, "settings": first.settings,
    }  # fmt: skip
    return {
        "@id": _name("evaluation", workflow),
        "label": title,
        "metadata": {
            "ocr_workflow": {"@id": _name("workflow", workflow), "label": title},
            "ocr_workspace": {"@id": _name("readings", workflow), "label": f"Readings of {title}"},
            "eval_workflow": {"@id": _name("workflow", "evaluation"), "label": "Counted from stored texts"},
            "eval_workspace": {"@id": _name("workspace", "study"), "label": "Store of trials"},
            "gt_workspace": {"@id": _name("workspace", "ground-truth"), "label": "Ground truth of the study"},
            "workflow_model": " ".join(part for part in (first.engine, first.engine_version) if part),
            "eval_tool": f"ocr_nb {version('ocr_nb')}",
            "document_metadata": {"number_of_pages": len(trials)},
            "provenance": {"parameters": parameters},
        },
        "evaluation": {"document_wide": _document_wide(trials), "by_page": [_page(one) for one in trials]},
    }


def _name(kind: str, what: str) -> str:
    return f"urn:ocr-nb:{kind}:{quote(what, safe=':')}"


def _document_wide(trials: Sequence[Trial]) -> dict[str, Any]:
    wide: dict[str, Any] = {}
    counted = [found for trial in trials if (found := accuracy_of(trial)) is not None]
    if counted:
        wide["cer"] = _finite(corpus_rates(one.character_counts for one in counted).corpus)
        wide["wer"] = _finite(corpus_rates(one.word_counts for one in counted).corpus)
    rates = [trial.cer for trial in trials if trial.cer is not None and math.isfinite(trial.cer)]
    if rates:
        wide["cer_mean"] = statistics.fmean(rates)
        wide["cer_median"] = statistics.median(rates)
        wide["cer_range"] = [min(rates), max(rates)]
        wide["cer_standard_deviation"] = statistics.pstdev(rates)
    took = [trial.seconds for trial in trials if trial.seconds is not None]
    if took and sum(took) > 0:
        wide["wall_time"] = math.fsum(took)
        wide["pages_per_minute"] = 60.0 * len(took) / math.fsum(took)
    return wide


def _page(trial: Trial) -> dict[str, Any]:
    page = {
        "page_id": trial.image, "cer": _finite(trial.cer), "wer": _finite(trial.wer),
        "processing_time": trial.seconds,
    }  # fmt: skip
    page.update((name, getattr(trial, name)) for name in _EXTRAS)
    return {key: value for key, value in page.items() if value is not None}


def _finite(rate: float | None) -> float | None:
    return rate if rate is not None and math.isfinite(rate) else None


def read_ocrd(path: PathName) -> Iterator[Trial]:
    """Yield a trial a page of every evaluation; of others' files the label stands for the condition.

    Raises:
        SettingsError: it cannot be read or is no evaluation JSON of OCR-D.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        evaluations = list(_evaluations(found))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): check the name.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path} is no evaluation JSON of OCR-D ({error!r}): check the file.") from error
    return iter(evaluations)


def _evaluations(found: Iterable[dict[str, Any]]) -> Iterator[Trial]:
    for evaluation in found:
        metadata = evaluation["metadata"]
        known = metadata.get("provenance", {}).get("parameters", {})
        common = {"condition": evaluation["label"], "engine": metadata.get("workflow_model"), **known}
        for page in evaluation["evaluation"].get("by_page", []):
            yield make_trial(
                {**common, **page, "image": page["page_id"], "seconds": page.get("processing_time")}
            )
