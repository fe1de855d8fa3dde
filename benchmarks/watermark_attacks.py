"""What happens to pictures: the changes that `watermark.py` makes to marked ones."""

import io

import numpy as np
from PIL import Image


def each(images, change):
    made = [np.asarray(change(Image.fromarray(image.squeeze()))) for image in images]
    return np.stack(made).reshape(len(made), *made[0].shape[:2], images.shape[-1])


def jpeg(images, quality):
    def through(image):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return each(images, through)


def resized(images, share, back=True):
    def through(image):
        small = image.resize([round(share * side) for side in image.size], Image.Resampling.BICUBIC)
        return small.resize(image.size, Image.Resampling.BICUBIC) if back else small

    return each(images, through)


def noisy(images, deviation):
    noise = np.random.default_rng(5).normal(0, deviation, images.shape)
    return np.uint8(np.clip(np.round(images + noise), 0, 255))


def cropped(images, places):
    """Parts of 80% of each side; and these at their places in a black image."""
    side = round(0.8 * images.shape[1])
    parts = [i[y : y + side, x : x + side] for i, (y, x) in zip(images, places, strict=True)]
    whole = np.zeros_like(images)
    for image, part, (y, x) in zip(whole, parts, places, strict=True):
        image[y : y + side, x : x + side] = part
    return np.stack(parts), whole


def attacks(images):
    """`(name, images, the same for who needs the whole size, whether it is a crop)`."""
    room = images.shape[1] - round(0.8 * images.shape[1])
    random = np.random.default_rng(6).integers(0, room + 1, (len(images), 2))
    yield "none", images, images, False
    for quality in (95, 75, 50):
        made = jpeg(images, quality)
        yield f"JPEG {quality}", made, made, False
    for name, places in (("centre", np.full_like(random, room // 2)), ("random", random)):
        yield f"{name} crop of 80%", *cropped(images, places), True
    for name, share in (("1/2", 0.5), ("3/4", 0.75)):
        yield f"resized to {name}", resized(images, share, False), resized(images, share), False
    for deviation in (5, 10):
        made = noisy(images, deviation)
        yield f"noise of {deviation} levels", made, made, False
    if (regenerated := again(images)) is not None:
        yield (*regenerated[:1], regenerated[1], regenerated[1], False)


def again(images):
    """Images that another model makes of them: an autoencoder, or an enlarger of halves."""
    import tfgan_zoo

    if images.shape[1:] == (28, 28, 1):
        model = tfgan_zoo.from_preset("vaegan_fashion_mnist")
        return "autoencoder", model.reconstruct(np.float32(images) / np.float32(127.5) - 1)
    if images.shape[-1] == 3 and 32 <= images.shape[1] <= 64:
        model = tfgan_zoo.from_preset("real_esrgan_bsd100_x2_psnr")
        return "halved and enlarged by a GAN", model.translate(resized(images, 0.5, False))
    return None
