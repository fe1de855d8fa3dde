"""The metrics of models from images to images by name: which there are, and of what they can be had."""

import numpy as np

from tfgan_zoo.evaluation.paired import paired_measure
from tfgan_zoo.evaluation.pairs import Pairs
from tfgan_zoo.evaluation.translators import Translator
from tfgan_zoo.metrics import extractors, protocols
from tfgan_zoo.metrics import images as measures
from tfgan_zoo.metrics.measures import MEASURES

BACKWARD = "backward_"
_NEEDS = {"moments", "features", "probabilities"}  # what can be had of images of many sizes


def _mean_difference(images, references):
    return np.abs(images.astype(np.float64) - references).mean(axis=(1, 2, 3))


CYCLE = {  # name -> (measure of uint8 images and of what comes back of them, what is better)
    "cycle_l1": (_mean_difference, "lower"),
    "cycle_psnr": (measures.psnr, "higher"),
}
ALONE = {  # likewise, of what is made alone; of the targets too
    "colourfulness": (measures.colourfulness, "near"),
}


def is_of_images(name):
    return name in CYCLE or name in ALONE or paired_measure(name) is not None


def measure_of(name):
    """What measures single images, and what is better."""
    return paired_measure(name) or CYCLE.get(name) or ALONE[name]


def translation_metrics(translator: Translator, pairs: Pairs) -> list[str]:
    """The usual metrics: of pairs PSNR, SSIM, a distance of features and the Fréchet distance, for a
    model that enlarges PSNR and SSIM of the Y channel, and of colours for grey pictures colourfulness;
    without pairs the Fréchet distance and the cycle error, both ways. LPIPS where its weights are here,
    else EfficientNet's distance."""
    if pairs.is_paired:
        image, target = pairs.images.read(0), pairs.targets.read(0)
        scale, least = target.shape[0] // image.shape[0], min(target.shape[:2])
        names = ["psnr", *(["ssim"] if least >= 11 else [])]
        if scale > 1 and target.shape[-1] == 3 and least >= 11 + 2 * scale:
            names += [f"psnr_y_border{scale}", f"ssim_y_border{scale}"]
        names.append(_perceptual(target.shape[-1]))
        names += ALONE if (image.shape[-1], target.shape[-1]) == (1, 3) else ()
        return [*names, *_distance(pairs)]
    names = []
    for direction in translator.directions:
        prefix, there = ("", pairs) if direction == "forward" else (BACKWARD, pairs.swapped())
        cycle = CYCLE if len(translator.directions) > 1 else ()
        names += [f"{prefix}{name}" for name in (*_distance(there), *cycle)]
    return names


def _perceptual(channels):
    try:
        extractors.get("lpips")
    except FileNotFoundError:
        return "feature_distance_effnet"
    return "lpips" if channels == 3 else "feature_distance_effnet"


def _distance(pairs):
    """The Fréchet distance of all images there are, or none where they are too few."""
    count, suffix = len(pairs.images.names), "_test" * (pairs.split == "test")
    is_known = pairs.split in ("train", "test") and count >= MEASURES["fd"].least
    return [f"fd{count}_effnet{suffix}"] if is_known else []


def check(name, own, translator, pairs):
    """Refuses a metric that this model, or these images, cannot be measured by; `own` is its name
    without the direction."""
    direction = "forward" if own == name else "backward"
    if direction not in translator.directions:
        raise ValueError(
            f"{name}: {translator.name} translates {' and '.join(translator.directions)}."
        )
    if own in CYCLE:
        if len(translator.directions) < 2:
            raise ValueError(f"{name} is of models that translate both ways.")
        return
    if own in ALONE:
        return
    if paired_measure(own):
        if not pairs.is_paired:
            raise ValueError(f"{name} compares pairs, and {pairs.name} has none.")
        return
    protocol = protocols.parse(own)
    count = len((pairs if direction == "forward" else pairs.swapped()).images.names)
    if set(MEASURES[protocol.measure].needs) - _NEEDS:
        raise ValueError(
            f"{name} is not measured on translations: features alone are read of them."
        )
    if protocol.split != pairs.split or protocol.count > count:
        raise ValueError(
            f"{name} is of {protocol.count:,} images and the {protocol.split} split; {pairs.name} has "
            f"{count:,} images of {pairs.split}."
        )
