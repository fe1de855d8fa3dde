"""StyleGAN2 of PyTorch-StudioGAN: networks of NVIDIA's names, but for the discriminator's last layer."""

from tfgan_zoo.weights import stylegan2
from tfgan_zoo.weights.convert_stylegan2_ada_pytorch import FILTERS
from tfgan_zoo.weights.source import Tensors

_GENERATOR = {"mapping.fc0.weight", "mapping.w_avg", "synthesis.b4.conv1.affine.weight"}
_CRITIC = {"b4.conv.weight", "b4.fc.weight", "linear1.weight"}
_OTHERS = ("linear2", "linear_mi", "embedding", "info_")
_GROUP = "d_epilogue_mbstd_group_size"


def role(names):
    """ "G", "D" or None, of the names of a state's tensors."""
    return "G" if names >= _GENERATOR else "D" if names >= _CRITIC else None


def converted(states, config):
    """`Converted` of the networks "G", "G_ema" and "D", without what tells classes in other ways than
    NVIDIA's. Whether feature maps were clipped, as where it trained in half precision, no file says."""
    names = {"G": "generator", "G_ema": "ema_generator"}
    tensors = {names[key]: _of(state) for key, state in states.items() if key in names}
    if not tensors:
        raise ValueError("It has no generator, a file of model=G or model=G_ema.")
    generator = tensors.get("ema_generator") or tensors["generator"]
    settings = {"latent_dim": _latent_dim(generator)}
    given = list(tensors.values())
    if "D" in states:
        critic = _critic(states["D"])
        given.append(critic)
        if _is_read(critic, generator):
            tensors["discriminator"] = critic
            settings["stddev_group_size"] = int(config[_GROUP]) if _GROUP in config else 4
        else:
            critic.leave("", "a discriminator that is told the classes in another way")
    return stylegan2.converted(tensors, settings)._replace(given=given)


def _of(tensors):
    return Tensors(dict(tensors), FILTERS)


def _critic(tensors):
    """NVIDIA's has its last layer within the last block."""
    return _of({name.replace("linear1.", "b4.out."): tensors[name] for name in tensors})


def _latent_dim(tensors):
    embedded = tensors.shape("mapping.embed.weight")
    return tensors.shape("mapping.fc0.weight")[1] - (embedded[0] if embedded else 0)


def _is_read(critic, generator):
    others = [name for name in critic if name.startswith(_OTHERS)]
    labels = ["mapping.embed.weight" in tensors for tensors in (critic, generator)]
    scored = critic.shape("b4.out.weight")[0]
    return not others and labels[0] == labels[1] and (labels[0] or scored == 1)
