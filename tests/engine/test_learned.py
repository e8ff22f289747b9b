"""The learned upsampler: its weights, its tiles, what its strength means."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr_nb.engine import learned
from ocr_nb.engine.learned import LearnedUpsampler
from ocr_nb.engine.upsampler import make_upsampler, upsample_picture
from ocr_nb.errors import SettingsError, WeightsCorrupt, WeightsMissing
from ocr_nb.images import Gray, luma
from ocr_nb.sample_set import samples


@pytest.fixture(scope="module")
def print_px() -> Gray:
    """A small page, dark on light, `(H, W)`."""
    return luma(samples("prose_scan")[0].picture)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_every_factor_gives_its_size_and_stays_in_range(print_px, factor):
    """The network itself enlarges four times; two and three are averaged from that."""
    large = LearnedUpsampler().enlarge(print_px, factor)

    height, width = print_px.shape
    assert large.shape == (height * factor, width * factor)
    assert large.dtype == np.float32
    assert 0.0 <= float(large.min()) <= float(large.max()) <= 1.0


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_tile_size_shows_in_no_pixel(print_px, factor):
    """Each tile sees as far as the network does, so seams cannot show."""
    whole = LearnedUpsampler(tile=4096).enlarge(print_px, factor)
    parts = LearnedUpsampler(tile=53).enlarge(print_px, factor)

    assert float(np.abs(whole - parts).max()) < 1e-4


def test_no_strength_is_plain_cubic(print_px):
    """What is added, is added to OpenCV's cubic enlargement; nothing else is done."""
    plain = LearnedUpsampler(strength=0.0, contrast=0.0).enlarge(print_px, 4)

    height, width = print_px.shape
    cubic = cv2.resize(print_px, (width * 4, height * 4), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    inner = np.s_[16:-16, 16:-16]  # OpenCV repeats border pixels, tiles mirror them
    np.testing.assert_allclose(plain[inner], cubic[inner], atol=1e-5)


def test_text_gets_steeper_edges_than_cubic_gives(print_px):
    """The claim of upsampling: more gradient where the text is."""
    sharp, plain = (LearnedUpsampler(strength=share, contrast=0).enlarge(print_px, 3) for share in (1.0, 0.0))

    steepness = [float(np.hypot(*np.gradient(image)).mean()) for image in (sharp, plain)]
    assert steepness[0] > 1.1 * steepness[1]


def test_contrast_deepens_ink_and_leaves_paper(print_px):
    """A tenth more contrast takes dark pixels further from the paper, and light ones stay where they are."""
    deeper, before = (LearnedUpsampler(contrast=share).enlarge(print_px, 3) for share in (0.1, 0.0))

    paper = float(np.median(before))
    ink, bare = before < paper - 0.3, before > paper - 0.05
    gain = float((paper - deeper[ink]).mean() / (paper - before[ink]).mean())
    assert 1.03 < gain < 1.15
    assert float(np.abs(deeper - before)[bare].mean()) < 1 / 255


def test_grain_is_not_taken_for_ink():
    """What a scanner adds to bare paper is as strong after a higher contrast as it was."""
    chance = np.random.default_rng(3)
    grain = (0.85 + chance.normal(0, 3 / 255, (80, 120))).astype(np.float32)
    deeper, before = (
        LearnedUpsampler(strength=0.0, contrast=share).enlarge(grain, 2) for share in (0.5, 0.0)
    )

    assert float(np.abs(deeper - before).max()) < 1 / 255


def test_settings_out_of_range_are_refused():
    """The message names all three, so that the wrong one is seen."""
    for wrong in ({"tile": 8}, {"strength": 1.2}, {"contrast": -0.1}):
        with pytest.raises(ValueError, match="strength and contrast from 0 to 1"):
            LearnedUpsampler(**wrong)


def test_flat_paper_stays_flat():
    """Nothing is invented where nothing stands."""
    for tone in (0.0, 0.4, 1.0):
        flat = np.full((40, 60), tone, np.float32)
        assert float(np.abs(LearnedUpsampler().enlarge(flat, 2) - tone).max()) < 2 / 255


def test_the_network_is_not_asked_about_bare_paper(print_px):
    """A page of which one corner is printed costs that corner, and the rest is plain interpolation."""
    page = np.full((600, 800), 0.9, np.float32)
    page[:60, :120] = print_px[:60, :120]
    asked = []
    shipped = learned._shipped_model()

    class Counts:
        metadata = shipped.metadata

        def __call__(self, batch):
            asked.append(batch.shape[2] * batch.shape[3])
            return shipped(batch)

    whole = LearnedUpsampler(model=Counts(), tile=256).enlarge(page, 2)

    assert sum(asked) < 0.1 * page.size
    assert float(np.abs(whole[300:] - 0.9).max()) < 1e-5


def test_what_is_left_out_does_not_depend_on_the_tiles(print_px):
    """The squares are counted from the picture's corner, not from a tile's."""
    page = np.full((203, 311), 0.9, np.float32)
    page[50:90, 100:180] = print_px[:40, :80]
    parts = [LearnedUpsampler(tile=tile).enlarge(page, 3) for tile in (4096, 64, 90)]

    for other in parts[1:]:
        assert float(np.abs(parts[0] - other).max()) < 1e-4


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 17), (15, 16), (33, 48)])
def test_pictures_of_any_size_are_enlarged(height, width):
    """Odd sides too, though the network's half-size map wants even ones."""
    chance = np.random.default_rng(1)
    tiny = chance.random((height, width), dtype=np.float32)

    assert LearnedUpsampler().enlarge(tiny, 3).shape == (height * 3, width * 3)


def test_it_is_chosen_by_name_and_keeps_color():
    """The seam is the one of the classical upsampler."""
    picture = samples("banner")[0].picture
    result = upsample_picture(picture, 2, make_upsampler("learned")).picture

    assert (result.width, result.height) == (2 * picture.width, 2 * picture.height)
    before, after = (image.pixels.reshape(-1, 3).mean(axis=0) for image in (picture, result))
    np.testing.assert_allclose(after, before, atol=3.0)
    with pytest.raises(SettingsError, match="did you mean 'learned'"):
        make_upsampler("learnd")


def test_weights_of_another_hash_are_refused(tmp_path, monkeypatch, print_px):
    """A damaged file is named, with both hashes, and never computed with."""
    weights = tmp_path / "text_sr.onnx"
    weights.write_bytes(learned._WEIGHTS.read_bytes()[:-1] + b"x")
    beside = learned._WEIGHTS.with_suffix(".json").read_text(encoding="utf-8")
    weights.with_suffix(".json").write_text(beside, encoding="utf-8")
    _use(weights, monkeypatch)

    upsampler = LearnedUpsampler()  # until a picture comes, nothing is loaded
    with pytest.raises(WeightsCorrupt, match=r"text_sr\.onnx have SHA-256 .* not "):
        upsampler.enlarge(print_px, 2)


def test_missing_weights_are_said_to_be_missing(tmp_path, monkeypatch):
    """Nothing is ever fetched."""
    _use(tmp_path / "text_sr.onnx", monkeypatch)

    with pytest.raises(WeightsMissing, match=r"text_sr\.json is not in .*: install the package again"):
        LearnedUpsampler()


def _use(weights, monkeypatch):
    monkeypatch.setattr(learned, "_WEIGHTS", weights)
    monkeypatch.setattr(learned, "_facts", learned._facts.__wrapped__)
    monkeypatch.setattr(learned, "_shipped_model", learned._shipped_model.__wrapped__)
