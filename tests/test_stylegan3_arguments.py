"""What StyleGAN3 refuses."""

import numpy as np
import pytest
from cases import make


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.eye(2), r"must have shape \[3, 3\]. Received: \(2, 2\)"),
        (np.eye(3)[None], r"must have shape \[3, 3\]. Received: \(1, 3, 3\)"),
        (np.full((3, 3), np.nan), "holds NaN"),
        ("x", r"must be numbers of shape \[3, 3\]. Received: 'x'"),
        (None, r"must be numbers of shape \[3, 3\]. Received: None"),
        ([[1, 0], [0, 1, 0]], "must be numbers"),
        (np.eye(3) > 0, "must be numbers"),
    ],
)
def test_other_transforms_are_refused(value, message):
    with pytest.raises(ValueError, match=f"transform {message}"):
        make("StyleGAN3").transform = value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x", r"must be numbers of shape \[3, 3\] or \[2, 3, 3\]. Received: 'x'"),
        (np.stack([np.eye(3)] * 3), r"must have shape .* or \[2, 3, 3\]. Received: \(3, 3, 3\)"),
        (np.eye(3)[None], r"must have shape .* Received: \(1, 3, 3\)"),
        (np.eye(3)[0], r"must have shape .* Received: \(3,\)"),
    ],
)
def test_other_transforms_of_images_are_refused(value, message):
    with pytest.raises(ValueError, match=f"transform {message}"):
        make("StyleGAN3").render(np.zeros((2, 4), np.float32), transform=value)


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
