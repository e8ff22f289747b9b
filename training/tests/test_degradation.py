"""What is degraded: ranges, sizes, and a target that keeps the paper."""

import numpy as np
import pytest
from training.batches import cut_sample, enlarge
from training.degradation import BOUNDS, degrade_print, draw_tones
from training.strips import render_strip
from training.typesetting import FACTOR


def test_pairs_fit_each_other() -> None:
    """The target is the factor times as large, in [0, 1], and is what the small image shows."""
    for number in range(12):
        chance = np.random.default_rng(number)
        sample, _ = cut_sample(render_strip(number, "train", 1), (40, 56), chance, skew=True)

        assert sample.small.shape == (40, 56)
        assert sample.target.shape == (40 * FACTOR, 56 * FACTOR)
        assert 0 <= sample.target.min() <= sample.target.max() <= 1
        assert np.abs(enlarge(sample.small) - sample.target).mean() < 0.25


def test_bare_paper_stays_what_it_is() -> None:
    """Where nothing is printed the target has the source's tone, within two gray levels."""
    bare = np.zeros((160, 160), dtype=np.uint8)
    samples = [degrade_print(bare, 6.0, np.random.default_rng(number)) for number in range(40)]
    differences = [float(sample.small.mean()) / 255 - float(sample.target.mean()) for sample in samples]

    # One sample's grain may be cut off at white; all together have no bias.
    assert abs(np.mean(differences)) < 2 / 255
    assert np.abs(differences).max() < 6 / 255


@pytest.mark.parametrize("severity", list(BOUNDS))
def test_text_gains_contrast_and_never_loses_it(severity: str) -> None:
    """The target's ink is at least as far from the paper as the source's, on light and on dark paper."""
    for number in range(40):
        paper, source, target = draw_tones(np.random.default_rng(number), BOUNDS[severity], (8, 8))

        assert abs(target) >= abs(source)
        assert target * source > 0
        assert float((paper - target).min()) >= -1e-6
        assert float((paper - target).max()) <= 1 + 1e-6
