"""The generators of translation, as options name them: a U-Net or a residual network."""

import keras

from tfgan_zoo.networks.patchgan import HALVINGS
from tfgan_zoo.networks.transformation import transformation
from tfgan_zoo.networks.translation import NORMALIZATIONS, UPSAMPLINGS
from tfgan_zoo.networks.unet import unet

BOUNDS = {  # of the options that models with such networks have
    "network": ("unet", "resnet"),
    "patch": (1, *HALVINGS),
    "normalization": NORMALIZATIONS,
    "upsampling": UPSAMPLINGS,
    "pad_to": "None or >= 1",
}


def translator(model, channels, channels_made, name, **options):
    """A network from images `[B, H, W, channels]` to float32 images `[B, H, W, channels_made]`; options
    are those of the network that all models do not have."""
    images = keras.Input([None, None, channels], name="images")
    is_unet = model.network == "unet"
    body = unet if is_unet else transformation
    depth = halvings(model.image_shape) if is_unet else model.blocks
    if any(side % 4 for side in model.image_shape[:2]):
        raise ValueError(
            f"{type(model).__name__}: height and width of images to train on must be multiples of 4. "
            f"Received: image_shape={tuple(model.image_shape)}."
        )
    if is_unet:
        options["innermost_dropout"] = model.innermost_dropout
    if model.pad_to is not None and is_unet and model.pad_to % 2**depth:
        raise ValueError(
            f"{type(model).__name__}: the U-Net takes images whose sides are multiples of {2**depth}. "
            f"Received: pad_to={model.pad_to}."
        )
    upsampling = model.upsampling or ("bilinear" if model.antialias else "transpose")
    common = (model.width, depth, model.normalization, model.dropout, upsampling)
    return keras.Model(images, body(images, channels_made, *common, **options), name=name)


def size_multiple(model):
    """Of what the height and the width of images are multiples."""
    return 2 ** halvings(model.image_shape) if model.network == "unet" else 16


def check_patch(model, scales=1):
    """Refuses images of training that are smaller than what the discriminator needs.

    Args:
        model: The model.
        scales: Int. Discriminators, each of images of half the size of those before.

    Raises:
        ValueError: The message says how large they must be.
    """
    least = 2 ** (scales - 1) * (1 if model.patch == 1 else 3 * 2 ** HALVINGS[model.patch])
    sides = [model.scale * side for side in model.image_shape[:2]]
    if min(sides) < least:
        raise ValueError(
            f"{type(model).__name__}: a discriminator of patch={model.patch} needs images of "
            f"{least}x{least} or more. Received: image_shape={tuple(model.image_shape)}. Use a smaller "
            "patch."
        )


def halvings(image_shape):
    """How often the U-Net halves an image: until a side is 1 or odd, 8 times at most.

    Raises:
        ValueError: An image that cannot be halved twice.
    """
    height, width, _ = image_shape
    count = 0
    while count < 8 and not height % 2 ** (count + 1) and not width % 2 ** (count + 1):
        count += 1
    if count < 2:
        raise ValueError(
            "The U-Net halves images twice at least: height and width must be multiples of 4. Received: "
            f"image_shape={tuple(image_shape)}."
        )
    return count
