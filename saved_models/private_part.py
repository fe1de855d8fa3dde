"""The part of a card on differential privacy, of what `export` wrote in privacy.json."""


def text(spent):
    """What a model with differential privacy has spent, and of which images that is said."""
    if "updates" not in spent:
        return f"No bound of differential privacy holds for {spent['holds_for']}."
    return (
        f"Trained with differential privacy: epsilon {float(spent['epsilon']):.4g} at delta "
        f"{spent['delta']:.3g}, for {spent['unit']}. {spent['updates']:,} updates of the "
        "discriminator, each of images drawn with probability "
        f"{spent['sampling_probability']:.4g} from {spent['images']:,}; noise multiplier "
        f"{spent['noise_multiplier']:g}, gradients cut at {spent['l2_norm_clip']:g}; by the accountant "
        f"{spent['accountant'].upper()} of dp-accounting. It holds for "
        f"{spent.get('holds_for', 'all images that it was trained on')}. Tuning on the same images is "
        "not counted."
    )
