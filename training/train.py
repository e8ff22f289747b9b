"""Train the text upsampler from scratch, in legs of any length.

`python -m training.train --cache FOLDER` renders the strips if they are missing, goes on from the last
checkpoint of the same configuration if there is one, and stops after `--minutes` or at the end. Checkpoints
and the log (`log.jsonl`) lie in `FOLDER/runs/<hash of the configuration>`, never in the repository.
"""

import argparse
import copy
import json
import math
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from training.batches import Batch, Batches
from training.configuration import Configuration
from training.fonts import Split
from training.network import TextUpsampler, average_into, count_parameters
from training.own_reader import load_own_reader, path_of, train_own_reader
from training.reader import LineReader, Reader, ReaderLoss
from training.strips import render_many
from training.validation import validate

DEFAULT_CACHE = Path.home() / ".cache" / "ocr_nb_training"
VALIDATION_STRIPS = 300
# Zero padding spoils the border of a patch: so many small pixels of it teach nothing.
UNTAUGHT_BORDER = 4
LOG_EVERY, SAVE_EVERY, VALIDATE_EVERY = 200, 500, 2000


@dataclass(slots=True)
class State:
    """Where a run is."""

    model: TextUpsampler
    averaged: TextUpsampler
    optimizer: torch.optim.Adam
    step: int = 0
    seconds: float = 0.0
    """Wall time of all legs together."""
    legs: list[dict[str, Any]] = field(default_factory=list)
    """What trained it: commit, configuration hash and first step of each leg."""
    sums: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taught:
    """One reader in the loop."""

    name: str
    loss: ReaderLoss
    share: float
    """Of its loss, beside the squared error."""


def make_network(c: Configuration) -> TextUpsampler:
    """Make the network that a configuration describes."""
    return TextUpsampler(c.channels, c.deep_channels, c.blocks, c.joined)


def start(configuration: Configuration) -> State:
    """Make a fresh state; the seed decides the first weights."""
    torch.manual_seed(configuration.seed)
    model = make_network(configuration).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs know no keyword-only call
    return State(model, copy.deepcopy(model), torch.optim.Adam(model.parameters(), betas=(0.9, 0.99)))


def save(state: State, path: Path) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    content = {
        "step": state.step,
        "seconds": state.seconds,
        "model": state.model.state_dict(),
        "averaged": state.averaged.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "legs": state.legs,
    }
    torch.save(content, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def resume(state: State, path: Path) -> None:
    """Go on where a checkpoint stopped, if there is one."""
    if not path.exists():
        return
    content = torch.load(path, weights_only=True)
    state.model.load_state_dict(content["model"])
    state.averaged.load_state_dict(content["averaged"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.step, state.seconds, state.legs = content["step"], content["seconds"], content["legs"]


def rate_at(step: int, c: Configuration) -> float:
    """Return the learning rate: a short rise, then a cosine fall in each stage."""
    if step < c.pixel_steps:
        first, last, share = c.pixel_rate, c.pixel_rate_end, step / max(1, c.pixel_steps)
        first *= min(1.0, (step + 1) / 200)
    else:
        first, last, share = c.reader_rate, c.reader_rate_end, (step - c.pixel_steps) / max(1, c.reader_steps)
        first *= min(1.0, (step - c.pixel_steps + 1) / 100)
    return last + max(0.0, first - last) * 0.5 * (1 + math.cos(math.pi * share))


def batches_from(step: int, stop: int, folder: Path, c: Configuration, workers: int) -> Iterator[Batch]:
    """Yield the batches `step` … `stop`-1, all of one stage."""
    if step < c.pixel_steps:
        batches = Batches(folder, seed=c.seed, size=c.pixel_batch, patch=c.pixel_patch)
    else:
        batches = Batches(
            folder, seed=c.seed, size=c.reader_batch, patch=c.reader_patch, lines=c.reader_lines
        )
    parallel: dict[str, Any] = {}
    if workers:
        # Not forked: a fork copies OpenCV's locks in whatever state its threads left them.
        parallel = {"num_workers": workers, "prefetch_factor": 4, "multiprocessing_context": "spawn"}
    loader = DataLoader(batches, batch_size=None, sampler=range(step, stop), **parallel)
    yield from loader


def squared_error(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the weighted mean squared error, borders left out.

    Not the absolute error: its best answer to a doubtful stroke is none, and faint strokes would break.
    """
    edge = UNTAUGHT_BORDER * 4
    difference = (output - (batch.target - batch.bicubic))[:, :, edge:-edge, edge:-edge]
    return (batch.weight * difference**2).mean()


def teach(state: State, batch: Batch, readers: Sequence[Taught], c: Configuration) -> dict[str, float]:
    """Take one optimizer step and return the losses."""
    for group in state.optimizer.param_groups:
        group["lr"] = rate_at(state.step, c)
    small = batch.small.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=c.bfloat16):
        output = state.model(small)
    output = output.float()
    loss = squared_error(output, batch)
    losses = {"squared_error": float(loss.detach())}
    if readers and batch.lines:
        chance = np.random.default_rng([c.seed, state.step])
        seen = batch.bicubic + float(chance.uniform(c.faintest_strength, 1)) * output
        for reader in readers:
            reading = reader.loss(seen, batch.lines, int(chance.integers(1000)))
            losses[reader.name] = float(reading.detach())
            loss = loss + reader.share * reading
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), 0.5)
    state.optimizer.step()
    average_into(state.averaged, state.model, min(c.averaging, (state.step + 1) / (state.step + 10)))
    return losses


def note(state: State, losses: dict[str, float]) -> None:
    for name, value in losses.items():
        state.sums.setdefault(name, []).append(value)


def report(state: State, log: Path, c: Configuration, **more: Any) -> None:
    """Append the mean losses since the last report to the log."""
    means = {name: sum(values) / len(values) for name, values in state.sums.items()}
    state.sums.clear()
    row = {
        "step": state.step,
        "seconds": round(state.seconds, 1),
        "rate": rate_at(state.step, c),
        **means,
        **more,
    }
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")


def run_leg(
    state: State,
    c: Configuration,
    folder: Path,
    strips: dict[Split, Path],
    *,
    minutes: float,
    readers: Callable[[], dict[str, LineReader]],
    workers: int,
) -> None:
    """Train until the time is up or the run is complete, saving on the way and at the end."""
    until = time.monotonic() + 60 * minutes
    log, checkpoint = folder / "log.jsonl", folder / "checkpoint.pt"
    began = time.monotonic()
    judges: dict[str, LineReader] = {}
    while state.step < c.steps and time.monotonic() < until:
        in_first = state.step < c.pixel_steps
        judges = {} if in_first else readers()
        taught = taught_by(judges, c)
        stage_end = c.pixel_steps if in_first else c.steps
        for batch in batches_from(state.step, stage_end, strips["train"], c, workers):
            note(state, teach(state, batch, taught, c))
            state.step += 1
            state.seconds += time.monotonic() - began
            began = time.monotonic()
            if state.step % LOG_EVERY == 0:
                report(state, log, c)
            if state.step % SAVE_EVERY == 0:
                save(state, checkpoint)
            if state.step % VALIDATE_EVERY == 0 or state.step == c.pixel_steps:
                report(state, log, c, **validate(state.averaged, strips["validation"], judges))
            if time.monotonic() > until:
                break
    save(state, checkpoint)
    report(state, log, c, **validate(state.averaged, strips["validation"], judges))


def taught_by(judges: dict[str, LineReader], c: Configuration) -> list[Taught]:
    """Give each reader its number of lines and its weight."""
    settings = {"teacher": (c.teacher_lines, c.teacher_share), "own": (c.own_lines, c.own_share)}
    return [
        Taught(name, ReaderLoss(reader, settings[name][0]), settings[name][1])
        for name, reader in judges.items()
    ]


def own_reader_process(cache: Path, strips: Path, c: Configuration) -> BaseProcess | None:
    """Train the own reader beside the first stage unless it is there: it has until the second one begins."""
    if c.reader_steps == 0 or path_of(cache, c).exists():
        return None
    process = get_context("spawn").Process(target=train_own_reader, args=(cache, strips, c), daemon=True)
    process.start()
    return process


def prepare_strips(cache: Path, c: Configuration) -> dict[Split, Path]:
    """Render the strips of training and validation unless they are there."""
    folders: dict[Split, Path] = {}
    counts: dict[Split, int] = {"train": c.strips, "validation": VALIDATION_STRIPS}
    for split, count in counts.items():
        folders[split] = cache / "strips" / f"{split}-{c.seed}-{count}"
        if not (folders[split] / "complete").exists():
            render_many(folders[split], split, c.seed, count, processes=2)
            (folders[split] / "complete").touch()
    return folders


def commit_of_repository() -> str:
    """Return the commit that is checked out, with a plus when the room differs from it."""
    here = Path(__file__).parent
    asked = [["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "--", "."]]
    commit, changes = (
        subprocess.run(words, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
        for words in asked
    )
    return commit + ("+" if changes else "")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="strips and runs lie here")
    parser.add_argument(
        "--configuration", type=Path, help="JSON file of settings that differ from the defaults"
    )
    parser.add_argument("--reader", type=Path, help="PP-OCRv4's recognizer, an ONNX file; needed for stage 2")
    parser.add_argument("--start", type=Path, help="checkpoint of another configuration to go on from")
    parser.add_argument("--minutes", type=float, default=math.inf, help="length of this leg")
    parser.add_argument("--threads", type=int, default=1, help="more only where the cores are idle")
    parser.add_argument("--workers", type=int, default=1, help="processes that make batches")
    wanted = parser.parse_args()
    torch.set_num_threads(wanted.threads)
    c = Configuration.load(wanted.configuration) if wanted.configuration else Configuration()
    folder = wanted.cache / "runs" / c.hash
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.json").write_text(json.dumps(asdict(c), indent=1) + "\n", "utf-8")
    strips = prepare_strips(wanted.cache, c)
    state = start(c)
    own = folder / "checkpoint.pt"
    resume(state, own if own.exists() or not wanted.start else wanted.start)
    leg: dict[str, Any] = {
        "commit": commit_of_repository(),
        "configuration_hash": c.hash,
        "from_step": state.step,
    }
    if wanted.start and not own.exists():
        before = Configuration.load(wanted.start.with_name("configuration.json"))
        leg["steps_before_equal_this_configuration"] = c.decided_alike(before, state.step)
    state.legs.append(leg)
    process = own_reader_process(wanted.cache, strips["train"], c)

    def readers() -> dict[str, LineReader]:
        """Load PP-OCRv4 and the own reader, once the latter has been trained."""
        if process is not None:
            process.join()
        if wanted.reader is None:
            parser.error("The second stage needs --reader.")
        return {"teacher": Reader(wanted.reader), "own": load_own_reader(path_of(wanted.cache, c))}

    print(
        f"{folder}: {count_parameters(state.model)} parameters, from step {state.step} of {c.steps}",
        flush=True,
    )
    run_leg(state, c, folder, strips, minutes=wanted.minutes, readers=readers, workers=wanted.workers)


if __name__ == "__main__":
    main()
