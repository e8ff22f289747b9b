"""A small line reader trained here from scratch, so that the upsampler pleases more than one kind of reader.

It reads lines 32 pixels high with convolutions, an LSTM in both directions and CTC, the plan of Tesseract's
recognizer rather than of PP-OCR's, and knows every character that the strips are set in. In: line images
`(N, 1, 32, W)` luma in [0, 1]. Out: log probabilities `(T, N, C)`, blank at 0.

`python -m training.own_reader` trains it; `training.train` does so by itself when it is missing. It learns
from clean pages and from mixtures of them with what the degraded ones look like enlarged: a reader that
reads anything would forgive the upsampler anything.
"""

import argparse
import os
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from training.batches import Batch, Batches
from training.configuration import Configuration
from training.reader import cut_lines, most_likely_texts

BLANK = "\0"
FRESH_STRIPS = 2  # seeds the batches apart from the upsampler's
LOG_EVERY, SAVE_EVERY = 100, 500


class OwnReader(nn.Module):
    """Convolutions down to a row, an LSTM along it, one class a character."""

    line_height = 32
    longest_width = 448

    def __init__(self, alphabet: str) -> None:
        super().__init__()
        self.alphabet = (BLANK, *alphabet)
        self._index = {char: number for number, char in enumerate(self.alphabet)}
        layers: list[nn.Module] = []
        before = 1
        for channels, pool in ((32, (2, 2)), (64, (2, 2)), (96, None), (96, (2, 1))):
            layers += [
                nn.Conv2d(before, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
            layers += [nn.MaxPool2d(pool)] if pool else []
            before = channels
        layers += [nn.Conv2d(before, 192, (4, 3), padding=(0, 1), bias=False), nn.BatchNorm2d(192), nn.ReLU()]
        self.see = nn.Sequential(*layers)
        self.along = nn.LSTM(192, 128, bidirectional=True)
        self.name = nn.Linear(256, len(self.alphabet))

    def encode(self, text: str) -> list[int] | None:
        """Return the text's class numbers, or None when a character is not in the alphabet."""
        numbers = [self._index.get(char) for char in text]
        return None if None in numbers else [n for n in numbers if n is not None]

    def forward(self, lines: Tensor) -> Tensor:
        """Return log probabilities `(T, N, C)`, a column for four pixels of width."""
        seen = self.see((lines - 0.5) * 4).squeeze(2).permute(2, 0, 1)
        told, _ = self.along(seen.float())
        return self.name(told).float().log_softmax(-1)

    def recognize(self, lines: Tensor) -> list[str]:
        """Return the most likely text of each line."""
        with torch.no_grad():
            return most_likely_texts(self(lines), self.alphabet)


def path_of(cache: Path, c: Configuration) -> Path:
    """Return where the reader of a configuration lies."""
    return cache / "readers" / f"{c.own_reader_hash}.pt"


def alphabet_of(folder: Path) -> str:
    """Return the characters of the strips in `folder`, sorted."""
    from training.strips import StripShelf

    return "".join(sorted(StripShelf(folder).characters() | {" "}))


def mixtures(batch: Batch, chance: torch.Generator) -> Tensor:
    """Return the clean pages, half of them mixed with the enlarged degraded ones."""
    number = len(batch.small)
    share = torch.rand(number, generator=chance) * (torch.rand(number, generator=chance) < 0.5)
    return batch.target + share.view(-1, 1, 1, 1) * (batch.bicubic - batch.target)


def train_own_reader(cache: Path, strips: Path, c: Configuration, *, workers: int = 0) -> None:
    """Train and save it, from the last checkpoint on."""
    # Beside the upsampler, which needs its core: this one takes what is left.
    torch.set_num_threads(1)
    os.nice(10)
    path = path_of(cache, c)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(c.seed)
    reader = OwnReader(alphabet_of(strips))
    optimizer = torch.optim.Adam(reader.parameters(), betas=(0.9, 0.99))
    part = path.with_suffix(".part")
    step, seconds = 0, 0.0
    if part.exists():
        content = torch.load(part, weights_only=True)
        reader.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])
        step, seconds = content["step"], content["seconds"]
    batches = Batches(
        strips,
        seed=c.seed + FRESH_STRIPS,
        size=c.own_reader_batch,
        patch=c.own_reader_patch,
        lines=c.own_reader_batch * 4,
    )
    loader = DataLoader(
        batches, batch_size=None, sampler=range(step, c.own_reader_steps), num_workers=workers
    )
    chance, losses, began = torch.Generator(), [], time.monotonic()
    for batch in loader:
        for group in optimizer.param_groups:
            left = 1 - step / c.own_reader_steps
            group["lr"] = c.own_reader_rate * min(1.0, (step + 1) / 200, max(0.02, left / 0.4))
        chance.manual_seed(c.seed * 1_000_003 + step)
        loss = loss_of(reader, mixtures(batch, chance), batch, bfloat16=c.bfloat16)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        step += 1
        losses.append(float(loss.detach()))
        if step % LOG_EVERY == 0:
            print(f"own reader, step {step}: {sum(losses) / len(losses):.3f} a character", flush=True)
            losses.clear()
        if step % SAVE_EVERY == 0 or step == c.own_reader_steps:
            seconds, began = seconds + time.monotonic() - began, time.monotonic()
            save(reader, optimizer, step, seconds, part)
    part.replace(path)


def loss_of(reader: OwnReader, images: Tensor, batch: Batch, *, bfloat16: bool) -> Tensor:
    """Return the CTC loss a character of all the batch's lines."""
    lines = [line for line in batch.lines if reader.encode(line.text)]
    cuts = cut_lines(images.clamp(0, 1), lines, reader.line_height, reader.longest_width)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        logs = reader(cuts)
    codes = [reader.encode(line.text) or [] for line in lines]
    lengths = torch.tensor([len(code) for code in codes])
    targets = torch.tensor([number for code in codes for number in code])
    steps = torch.full((len(codes),), logs.shape[0])
    losses = F.ctc_loss(logs, targets, steps, lengths, reduction="none", zero_infinity=True)
    return (losses / lengths).mean()


def save(reader: OwnReader, optimizer: torch.optim.Optimizer, step: int, seconds: float, path: Path) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    content = {
        "model": reader.state_dict(),
        "optimizer": optimizer.state_dict(),
        "alphabet": "".join(reader.alphabet[1:]),
        "step": step,
        "seconds": seconds,
    }
    torch.save(content, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def load_own_reader(path: Path) -> OwnReader:
    """Read a trained one; its weights take no more gradients."""
    content = torch.load(path, weights_only=True)
    reader = OwnReader(content["alphabet"])
    reader.load_state_dict(content["model"])
    reader.eval()
    for parameter in reader.parameters():
        parameter.requires_grad_(False)
    return reader


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cache", type=Path)
    parser.add_argument("--configuration", type=Path)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    c = Configuration.load(wanted.configuration) if wanted.configuration else Configuration()
    from training.train import prepare_strips

    train_own_reader(wanted.cache, prepare_strips(wanted.cache, c)["train"], c)


if __name__ == "__main__":
    main()
