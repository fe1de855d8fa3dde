"""Options of the release before: each becomes the object that owns it now, and a warning says so."""

import json
import warnings

import pytest
from cases import CONVOLUTIONAL, make

import tfgan_zoo
from tfgan_zoo import losses, penalties
from tfgan_zoo.engine import legacy, options
from tfgan_zoo.regularizers import (
    ADA,
    Balance,
    BalancedConsistency,
    DiffAugment,
    InstanceNoise,
    LatentConsistency,
    LeCam,
    TopK,
    Unrolled,
)

# Class, old options, what they are now.
OLD = [
    ("DCGAN", {"objective": "modified"}, {"objective": "non_saturating"}),
    ("DCGAN", {"label_smoothing": 0.1}, {"objective": losses.NonSaturating(0.1)}),
    (
        "LSGAN",
        {"label_smoothing": 0.1, "objective": "least_squares"},
        {"objective": losses.LeastSquares(0.1)},
    ),
    ("WGANGP", {"penalty_weight": 5.0}, {"penalty": penalties.GradientPenalty(5.0)}),
    ("DCGAN", {"penalty": "r1", "penalty_weight": 2.0}, {"penalty": penalties.R1(2.0)}),
    ("StyleGAN2", {"penalty_every": 4}, {"penalty": penalties.R1(None, every=4)}),
    ("R3GAN", {"penalty_weight": 0.5}, {"penalty": penalties.R1R2(0.5)}),
    ("WGANGP", {"penalty_weight": 0.0}, {"penalty": None}),
    ("DCGAN", {"augment": "ada"}, {"regularizers": [ADA()]}),
    (
        "DCGAN",
        {"augment": "ada_full", "ada_target": 0.5, "ada_images": 1000},
        {"regularizers": [ADA(0.5, 1000, full=True)]},
    ),
    ("DCGAN", {"augment": "color,cutout"}, {"regularizers": [DiffAugment("color,cutout")]}),
    ("DCGAN", {"augment": None, "top_k": 1.0, "balance": None}, {"regularizers": []}),
    ("DCGAN", {"consistency_real": 10.0}, {"regularizers": [BalancedConsistency(10.0, 0.0)]}),
    ("DCGAN", {"consistency_fake": 3.0}, {"regularizers": [BalancedConsistency(0.0, 3.0)]}),
    (
        "DCGAN",
        {"latent_consistency_d": 5.0, "latent_consistency_noise": 0.1},
        {"regularizers": [LatentConsistency(5.0, 0.0, 0.1)]},
    ),
    ("DCGAN", {"latent_consistency_g": 0.5}, {"regularizers": [LatentConsistency(0.0, 0.5)]}),
    ("DCGAN", {"lecam": 0.1, "lecam_decay": 0.9}, {"regularizers": [LeCam(0.1, 0.9)]}),
    ("DCGAN", {"top_k": 0.5, "top_k_steps": 9}, {"regularizers": [TopK(0.5, 9)]}),
    ("DCGAN", {"unrolled_steps": 2}, {"regularizers": [Unrolled(2)]}),
    (
        "DCGAN",
        {"instance_noise": 0.2, "instance_noise_steps": 7},
        {"regularizers": [InstanceNoise(0.2, 7)]},
    ),
    ("DCGAN", {"balance": (0.2, 0.9)}, {"regularizers": [Balance(0.2, 0.9)]}),
    (
        "DCGAN",
        {"balance": (0.2, 0.9), "lecam": 0.1, "instance_noise": 0.2, "augment": "ada"},
        {"regularizers": [ADA(), InstanceNoise(0.2), LeCam(0.1), Balance(0.2, 0.9)]},
    ),
    ("DCGAN", {"regularizers": ["ada"], "lecam": 0.1}, {"regularizers": [ADA(), LeCam(0.1)]}),
]


@pytest.mark.parametrize(("variant", "old", "new"), OLD, ids=str)
def test_each_is_translated_with_a_warning(variant, old, new):
    cls = getattr(tfgan_zoo, variant)
    expected = options.resolve(cls, (), new)
    (key,) = new
    told = rf"^{variant}: .* will go in the next release. Write: {key}="
    with pytest.warns(DeprecationWarning, match=told) as caught:
        assert options.resolve(cls, (), old) == expected
    (message,) = [str(warning.message) for warning in caught]
    said, _, written = message.partition(" will go in the next release. Write: ")
    assert set(old) - {key} <= set(said.removeprefix(f"{variant}: ").split(", "))
    names = {**vars(losses), **vars(penalties), **vars(tfgan_zoo.regularizers)}
    rewritten = eval(f"dict({written.removesuffix('.')})", names)  # what it says to write is taken
    assert options.resolve(cls, (), rewritten) == expected
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_file = legacy.translated(cls, json.loads(json.dumps(old)), warn=False)
        assert options.resolve(cls, (), from_file) == expected


def test_every_old_option_is_in_the_table():
    tried = {name for _, old, _ in OLD for name in old}
    assert legacy.OLD.keys() <= tried
    assert not legacy.OLD.keys() & tfgan_zoo.GAN.defaults.keys()


def test_the_warning_points_at_the_caller():
    with pytest.warns(DeprecationWarning, match="DCGAN: lecam will go") as caught:
        gan = tfgan_zoo.DCGAN(**CONVOLUTIONAL, lecam=0.1)
    assert caught[0].filename == __file__ and gan.regularizers == (LeCam(0.1),)
    assert not {*legacy.OLD} & {*gan.get_config()}


REFUSED = [
    ("DCGAN", {"ada_target": 0.5}, "ada_target has no effect without augment"),
    ("DCGAN", {"ada_images": 10}, "ada_images has no effect without augment"),
    ("DCGAN", {"lecam_decay": 0.5}, "lecam_decay has no effect without lecam"),
    ("DCGAN", {"top_k_steps": 5}, "top_k_steps has no effect without top_k"),
    ("DCGAN", {"instance_noise_steps": 5}, "no effect without instance_noise"),
    (
        "DCGAN",
        {"latent_consistency_noise": 0.5},
        "no effect without latent_consistency_d or latent_consistency_g",
    ),
    ("WGAN", {"label_smoothing": 0.1}, "WGAN: label_smoothing must be 0 .*no labels to smooth"),
    ("DCGAN", {"balance": 0.5}, r"balance must be None or \(low, high\)"),
    ("DCGAN", {"balance": (0.9, 0.1)}, "low must be less than high"),
    ("DCGAN", {"augment": "colour"}, "DiffAugment: policy must be some of"),
    ("DCGAN", {"top_k": 0.0}, r"TopK: share must be a number in \(0, 1\]"),
    ("DCGAN", {"unrolled_steps": 1.5}, "Unrolled: steps must be an integer"),
    ("DCGAN", {"penalty_weight": 2.0}, "penalty_weight has no effect without penalty"),
    ("DCGAN", {"penalty_every": 2}, "penalty_every has no effect without penalty"),
]


@pytest.mark.parametrize(("variant", "given", "message"), REFUSED, ids=str)
def test_what_has_no_effect_or_is_out_of_range_is_refused(variant, given, message):
    with pytest.raises(ValueError, match=message):
        make(variant, **given)
