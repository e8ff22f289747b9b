"""The network, its ONNX twin, and a run that can stop and go on."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from training import train
from training.batches import Batches
from training.configuration import Configuration
from training.export import to_onnx
from training.network import TextUpsampler, average_into
from training.own_reader import OwnReader, alphabet_of, loss_of
from training.quantize import quantize
from training.strips import render_many
from training.typesetting import FACTOR

TINY = Configuration(
    seed=1,
    strips=4,
    channels=4,
    deep_channels=6,
    blocks=1,
    joined=1,
    bfloat16=False,
    pixel_steps=6,
    pixel_batch=2,
    reader_steps=0,
)


def perturbed(model: TextUpsampler) -> TextUpsampler:
    """Give the quiet head something to say."""
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    return model


def test_the_onnx_file_computes_the_same() -> None:
    """PyTorch and ONNX Runtime agree for any even size."""
    model = perturbed(TextUpsampler(8, 12, 2, 1))
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    for height, width in ((10, 18), (32, 20)):
        luma = torch.rand(2, 1, height, width)
        (found,) = session.run(None, {"luma": luma.numpy()})

        assert found.shape == (2, 1, FACTOR * height, FACTOR * width)
        assert np.allclose(model(luma).detach().numpy(), found, atol=1e-4)


def test_eight_bits_change_little() -> None:
    """Next to what the network adds, on pictures that the ranges were not measured on."""
    graph = to_onnx(perturbed(TextUpsampler(8, 12, 2, 1)))
    chance = np.random.default_rng(0)
    pictures = chance.random((6, 2, 1, 32, 40), np.float32)
    exact, rounded = (
        onnxruntime.InferenceSession(one.SerializeToString())
        for one in (graph, quantize(graph, iter(pictures[:5])))
    )
    (was,), (found,) = (one.run(None, {"luma": pictures[5]}) for one in (exact, rounded))

    assert np.abs(found - was).mean() < 0.1 * np.abs(was).mean()
    assert b"DequantizeLinear" in quantize(graph, iter(pictures[:1])).SerializeToString()


def test_a_pixel_changes_nothing_beyond_the_stated_radius() -> None:
    """Wherever the pixel lies on the half-size grid; and some pixel does reach nearly as far."""
    model = perturbed(TextUpsampler(8, 12, 2, 1))
    still = torch.rand(1, 1, 48, 48)
    farthest = 0
    for place in (24, 25):
        moved = still.clone()
        moved[0, 0, place, place] += 0.5
        changed = (model(still) - model(moved)).abs().amax((0, 1)) > 0
        reach = changed.nonzero() // FACTOR - place
        farthest = max(farthest, int(reach.abs().max()))

    assert model.radius - 2 <= farthest <= model.radius
    assert model.radius % 2 == 0


def test_even_shifts_of_the_picture_shift_the_answer() -> None:
    """What tiles rely on: two pixels more on the left are two pixels more, nothing else."""
    model = perturbed(TextUpsampler(8, 12, 2, 1))
    luma = torch.rand(1, 1, 50, 60)
    edge = model.radius
    whole = model(luma)[:, :, edge * FACTOR : -edge * FACTOR, (edge + 2) * FACTOR : -edge * FACTOR]
    part = model(luma[:, :, :, 2:])[:, :, edge * FACTOR : -edge * FACTOR, edge * FACTOR : -edge * FACTOR]

    assert torch.allclose(whole, part, atol=1e-5)


def test_averaging_moves_by_the_share_it_is_told() -> None:
    """A keep of 0 copies, a keep of 1 changes nothing."""
    old, new = TextUpsampler(4, 6, 1, 1), TextUpsampler(4, 6, 1, 1)
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
            train.teach(state, batch, [], TINY)
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
        Configuration(own_share=0.1).hash,
    }

    assert len(hashes) == 4


def test_configurations_are_alike_while_only_later_settings_differ() -> None:
    """A run may go on under settings that only concern what has not begun, and only then."""
    one = Configuration(pixel_steps=100)
    later = Configuration(pixel_steps=50, own_share=0.1)

    assert one.decided_alike(later, 50)
    assert not one.decided_alike(later, 51)
    assert not one.decided_alike(Configuration(pixel_steps=50, pixel_batch=4), 50)
    falling = Configuration(pixel_steps=100, pixel_rate_end=1e-5)
    assert not falling.decided_alike(Configuration(pixel_steps=50, pixel_rate_end=1e-5), 50)


def test_the_own_reader_reads_every_width_and_knows_its_alphabet() -> None:
    """Four pixels of width are a column; a text with an unknown character has no classes."""
    reader = OwnReader("abc ").eval()
    for width in (16, 130):
        assert reader(torch.rand(3, 1, reader.line_height, width)).shape == (width // 4, 3, 5)
    assert reader.encode("ab c") == [1, 2, 4, 3]
    assert reader.encode("abd") is None


def test_the_own_reader_learns_a_line_by_heart(tmp_path: Path) -> None:
    """Its loss falls when it sees the same lines again: gradients reach every layer."""
    render_many(tmp_path, "train", 3, 6, processes=1)
    torch.manual_seed(0)
    reader = OwnReader(alphabet_of(tmp_path))
    batch = Batches(tmp_path, seed=1, size=4, patch=(48, 120), lines=8)[0]
    optimizer = torch.optim.Adam(reader.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = loss_of(reader, batch.target, batch, bfloat16=False)
        optimizer.zero_grad()
        loss.backward()
        assert all(float(p.grad.abs().sum()) > 0 for p in reader.parameters() if p.grad is not None)
        optimizer.step()
        losses.append(float(loss.detach()))

    assert losses[-1] < 0.7 * losses[0]
