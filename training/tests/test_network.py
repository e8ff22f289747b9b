"""The network, its ONNX twin, and a run that can stop and go on."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from training import train
from training.configuration import Configuration
from training.export import to_onnx
from training.network import TextUpsampler, average_into
from training.strips import render_many
from training.typesetting import FACTOR

TINY = Configuration(
    seed=1, strips=4, channels=4, hidden=2, bfloat16=False, pixel_steps=6, pixel_batch=2, reader_steps=0
)


def perturbed(model: TextUpsampler) -> TextUpsampler:
    """Give the quiet head something to say."""
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    return model


def test_the_onnx_file_computes_the_same() -> None:
    """PyTorch and ONNX Runtime agree for any size."""
    model = perturbed(TextUpsampler(8, 3))
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    for height, width in ((9, 17), (32, 20)):
        luma = torch.rand(2, 1, height, width)
        (found,) = session.run(None, {"luma": luma.numpy()})

        assert found.shape == (2, 1, FACTOR * height, FACTOR * width)
        assert np.allclose(model(luma).detach().numpy(), found, atol=1e-4)


def test_a_pixel_changes_nothing_beyond_the_stated_radius() -> None:
    """The radius is exact: it is what tiles must overlap by."""
    model = perturbed(TextUpsampler(8, 3))
    still = torch.rand(1, 1, 41, 41)
    moved = still.clone()
    moved[0, 0, 20, 20] += 0.5
    changed = (model(still) - model(moved)).abs().amax((0, 1)) > 0
    reach = changed.nonzero().float()

    assert int(reach.min()) == (20 - model.radius) * FACTOR
    assert int(reach.max()) == (20 + model.radius + 1) * FACTOR - 1


def test_averaging_moves_by_the_share_it_is_told() -> None:
    """A keep of 0 copies, a keep of 1 changes nothing."""
    old, new = TextUpsampler(4, 2), TextUpsampler(4, 2)
    before = old.first.weight.clone()
    average_into(old, new, 1.0)
    assert torch.equal(old.first.weight, before)
    average_into(old, new, 0.0)
    assert torch.allclose(old.first.weight, new.first.weight)


def test_a_run_in_two_legs_is_the_run_in_one(tmp_path: Path) -> None:
    """Stopping, saving and going on changes no weight."""
    strips = {"train": tmp_path / "train"}
    render_many(strips["train"], "train", TINY.seed, TINY.strips, processes=1)

    def teach_until(state: train.State, stop: int) -> None:
        for batch in train.batches_from(state.step, stop, strips["train"], TINY, workers=0):
            train.teach(state, batch, None, TINY)
            state.step += 1

    whole = train.start(TINY)
    teach_until(whole, 6)
    halves = train.start(TINY)
    teach_until(halves, 3)
    train.save(halves, tmp_path / "checkpoint.pt")
    resumed = train.start(TINY)
    train.resume(resumed, tmp_path / "checkpoint.pt")
    teach_until(resumed, 6)

    assert resumed.step == 6
    for one, other in zip(whole.averaged.parameters(), resumed.averaged.parameters(), strict=True):
        assert torch.equal(one, other)


def test_every_setting_changes_the_hash() -> None:
    """Two runs that could differ never share a folder."""
    hashes = {
        TINY.hash,
        Configuration().hash,
        Configuration(seed=9).hash,
        Configuration(reader_share=0.1).hash,
    }

    assert len(hashes) == 4
