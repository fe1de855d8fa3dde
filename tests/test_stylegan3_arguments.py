"""What StyleGAN3 refuses."""

import numpy as np
import pytest
from cases import make


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.eye(2), "must have shape"),
        (np.eye(3)[None], "must have shape"),
        (np.full((3, 3), np.nan), "holds NaN"),
    ],
)
def test_other_transforms_are_refused(value, message):
    with pytest.raises(ValueError, match=f"transform {message}"):
        make("StyleGAN3").transform = value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (8, 16, 1)}, "needs square images"),
        (
            {"num_critical": 3},
            "num_critical below num_layers. Received.*num_critical=3, num_layers=3",
        ),
        ({"first_stopband": 1.0, "first_cutoff": 4.5}, "must stop frequencies above its cutoff"),
        (
            {"image_shape": (12, 12, 1), "first_stopband": 0.7},
            "12, must be divisible by 2 as often",
        ),
        ({"num_layers": 65}, r"num_layers must be an integer in \[1, 64\]. Received: .*65"),
        ({"filter_size": 33}, r"filter_size must be an integer in \[1, 32\]"),
        ({"lrelu_upsampling": 9}, r"lrelu_upsampling must be an integer in \[1, 8\]"),
        ({"use_noise": False}, "use_noise has no effect"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make("StyleGAN3", **options)
