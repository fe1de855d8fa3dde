"""Puts a mark into a model whose signatures are to be served."""

from tfgan_zoo.watermark.mark import Watermark
from tfgan_zoo.watermark.numbers_of import numbers_of


def put_into(models, mark):
    """All images that these models draw or make have the mark from now on; None: nothing changes.

    Images of latents carry the number of these, those of a model from images to images 0.

    Raises:
        TypeError: A mark that is none.
    """
    if mark is None:
        return
    if not isinstance(mark, Watermark):
        raise TypeError(f"watermark must be a Watermark. Received: {type(mark).__name__}.")
    for model in models:
        if hasattr(model, "render"):
            model.render = _drawn(model.render, mark)
        else:
            model.transform = _made(model.transform, mark)


def _drawn(render, mark):
    def marked(latents, *args, **kwargs):
        images = render(latents, *args, **kwargs)
        return mark.embed(images, numbers_of(latents, mark.bits))

    return marked


def _made(transform, mark):
    return lambda *args, **kwargs: mark.embed(transform(*args, **kwargs))
