"""Network snapshots of Projected GAN's authors: pickled modules of PyTorch.

The discriminator is left out: it holds a network that timm has made, of classes of its own, around which
all else in it was trained.
"""

from tfgan_zoo.weights import convert_stylegan2_ada_pytorch as ada
from tfgan_zoo.weights import pytorch
from tfgan_zoo.weights.fastgan import fill_generator, generator_options
from tfgan_zoo.weights.pickled import Object
from tfgan_zoo.weights.source import Converted, Family, Tensors
from tfgan_zoo.weights.stylegan2 import converted

_NETWORKS = {"generator": "G", "ema_generator": "G_ema"}
_SYNTHESIS = "synthesis."
_EMBEDDING = f"{_SYNTHESIS}embed.weight"
_LARGEST_UNUSED = r"^synthesis\.(feat|se)_256\."


def _recognizes(source):
    (tree,) = source.trees().values()
    critic, modules = tree.get("D"), _modules(tree).values()
    is_theirs = isinstance(critic, Object) and "Projected" in pytorch.class_name(critic)
    return bool(modules) and (is_theirs or all(map(_is_fastgan, modules)))


def _modules(tree):
    """`{"generator": module, …}` of those that a file has."""
    found = {name: tree.get(theirs) for name, theirs in _NETWORKS.items()}
    return {name: module for name, module in found.items() if isinstance(module, Object)}


def _is_fastgan(module):
    synthesis = pytorch.children(module).get("synthesis")
    return synthesis is not None and {"init", "feat_8", "to_big"} <= set(
        pytorch.children(synthesis)
    )


def _convert(source):
    (tree,) = source.trees().values()
    modules = _modules(tree)
    if all(map(_is_fastgan, modules.values())):
        return _of_fastgan(modules)
    if all(map(ada.is_generator, modules.values())):
        return _of_stylegan2(modules)
    raise ValueError("Its generator is neither FastGAN's nor StyleGAN2's.")


def _of_stylegan2(modules):
    """A generator of StyleGAN2's code; our discriminator is then StyleGAN2's, and new."""
    tensors = {
        name: Tensors(pytorch.state_dict(module), ada.FILTERS) for name, module in modules.items()
    }
    settings = [ada.of_generator(module) for module in modules.values()]
    return converted(tensors, settings[-1])


def _of_fastgan(modules):
    given = {name: Tensors(pytorch.state_dict(module)) for name, module in modules.items()}
    average = given.get("ema_generator") or given["generator"]
    module = modules.get("ema_generator") or modules["generator"]
    side = int(pytorch.attributes(pytorch.children(module)["synthesis"])["img_resolution"])
    options = generator_options(average, _SYNTHESIS, side) | _own_options(average)
    found = {}
    for name, tensors in given.items():
        found |= _generator(tensors, name, options)
    return Converted("ProjectedGAN", options, found, list(given.values()))


def _own_options(tensors):
    names = [f"{_SYNTHESIS}feat_8.{part}.weight_orig" for part in ("5", "conv2")]
    is_double = any(name in tensors for name in names)
    classes = tensors.shape(_EMBEDDING)
    return {
        "generator_blocks": "double" if is_double else "single",
        "num_classes": classes[0] if classes else None,
    }


def _generator(tensors, network, options):
    if options["image_shape"][0] < 256:
        tensors.leave(_LARGEST_UNUSED, "larger than the images, which nothing reads")
    is_conditional = options["num_classes"] is not None
    filling = fill_generator(tensors, network, _SYNTHESIS, options, is_conditional)
    filling.layer("spectral_conv2d", f"{_SYNTHESIS}to_big")
    if is_conditional:
        filling.give("class_embedding", {"kernel": tensors[_EMBEDDING]})
    return filling.found


FAMILY = Family(
    "projected_gan",
    "Projected GAN",
    "https://github.com/autonomousvision/projected-gan",
    "MIT (parts of the code, and weights of StyleGAN2's generator, are under NVIDIA's licence)",
    _recognizes,
    _convert,
)
