"""The published numbers of parameters, counted again without our networks.

Each number of `benchmarks/results/published_parameters.csv` is printed in a paper or by a reference
code, or is the sum of the layers that a paper's table or a reference code lists, which is taken here. So
is what sets ours apart from it.
"""

import csv
import itertools
import math
import pathlib

import pytest

import tfgan_zoo

TABLE = pathlib.Path(__file__).parents[1] / "benchmarks" / "results" / "published_parameters.csv"
G, D = "generator", "discriminator"


# === Layers ===


def conv(size, inputs, outputs, bias=True):
    return size * size * inputs * outputs + bias * outputs


def dense(inputs, outputs, bias=True):
    return inputs * outputs + bias * outputs


def norm(channels):
    """A gain and a bias for each channel."""
    return 2 * channels


def attention(channels):
    """Queries, keys, values, the way back, and the share."""
    return 2 * (channels // 8) * channels + 2 * (channels // 2) * channels + 1


def chain(layer, *widths, **options):
    """Layers one after the other, each from one width to the next."""
    return sum(layer(a, b, **options) for a, b in itertools.pairwise(widths))


# === Networks: fully connected and convolutional ===


def dcgan_generator(latents, widths, side=4, colours=3, size=5):
    """Figure 1 of the paper; no biases before batch normalization."""
    first = dense(latents, side**2 * widths[0], bias=False) + norm(widths[0])
    return first + chain(normal_conv, *widths, size=size) + conv(size, widths[-1], colours)


def dcgan_discriminator(widths, side=4, colours=3, size=5, bias=True):
    first = conv(size, colours, widths[0], bias=bias)
    last = dense(side**2 * widths[-1], 1, bias=bias)
    return first + chain(normal_conv, *widths, size=size) + last


def normal_conv(inputs, outputs, size=5, bias=False):
    return conv(size, inputs, outputs, bias=bias) + norm(outputs)


def wgan_gp_generator(latents, widths):
    """`DCGANGenerator` of gan_64x64.py: biases everywhere, the first map normalized by channel."""
    first = dense(latents, 16 * widths[0]) + norm(widths[0])
    return first + chain(normal_conv, *widths, bias=True) + conv(5, widths[-1], 3)


def plain_discriminator(widths):
    """Without normalization."""
    return conv(5, 3, widths[0]) + chain(plain_conv, *widths) + dense(16 * widths[-1], 1)


def plain_conv(inputs, outputs):
    return conv(5, inputs, outputs)


def infogan_trunk():
    """regularized_gan.py, MNIST: the discriminator up to its last hidden layer."""
    maps = conv(4, 1, 64) + normal_conv(64, 128, size=4)
    return maps + dense(6272, 1024, bias=False) + norm(1024)


def infogan_heads():
    """Real or not, and the codes: one of ten classes, two means."""
    hidden = dense(1024, 128, bias=False) + norm(128)
    return dense(1024, 1) + hidden + dense(128, 10) + dense(128, 2)


def normal_dense(inputs, outputs):
    return dense(inputs, outputs, bias=False) + norm(outputs)


def maxout_discriminator():
    """mnist.yaml: two layers of 240 units with 5 pieces."""
    return dense(784, 1200) + dense(240, 1200) + dense(240, 1)


def mirza_generator():
    """Section 4.1 of the paper: 200 and 1000 units for latents and label, 1200 for both."""
    return dense(100, 200) + dense(10, 1000) + dense(1200, 1200) + dense(1200, 784)


def mirza_discriminator():
    """Maxout: 240 units of 5 pieces for the image, 50 of 5 for the label, 240 of 4 for both."""
    return dense(784, 240 * 5) + dense(10, 50 * 5) + dense(290, 240 * 4) + dense(240, 1)


def began_decoder(levels, width=128, code=64):
    """Figure 1 of the paper: from 8x8 on, two convolutions at each size, and one to colours."""
    return dense(code, 64 * width) + levels * 2 * conv(3, width, width) + conv(3, width, 3)


def began_encoder(levels, width=128, code=64):
    """Two convolutions at each size, and one that halves it; `width` more channels at each next."""
    count, inputs = conv(3, 3, width), width
    for level in range(1, levels + 1):
        channels = level * width
        count += conv(3, inputs, channels) + conv(3, channels, channels)
        count += conv(3, channels, channels) if level < levels else 0
        inputs = channels
    return count + dense(64 * inputs, code)


def reed_residual(channels):
    """A bottleneck of a fourth of the channels, which main_cls_int.lua has beside some maps."""
    narrow = channels // 4
    count = normal_conv(channels, narrow, size=1, bias=True)
    count += normal_conv(narrow, narrow, size=3, bias=True)
    return count + normal_conv(narrow, channels, size=3, bias=True)


def reed_generator(text=1024, condition=128, latents=100, width=128):
    count = dense(text, condition)
    count += normal_conv(latents + condition, 8 * width, size=4, bias=True)
    count += reed_residual(8 * width) + reed_residual(4 * width)
    count += chain(normal_conv, 8 * width, 4 * width, 2 * width, width, size=4, bias=True)
    return count + conv(4, width, 3)


def reed_discriminator(text=1024, condition=128, width=64):
    count = conv(4, 3, width)
    count += chain(normal_conv, width, 2 * width, 4 * width, 8 * width, size=4, bias=True)
    count += reed_residual(8 * width) + dense(text, condition) + norm(condition)
    count += normal_conv(8 * width + condition, 8 * width, size=1, bias=True)
    return count + conv(4, 8 * width, 1)


# === Networks: residual ===


def residual(inputs, hidden, outputs, shortcut=True):
    """Two 3x3 convolutions, and a 1x1 convolution beside."""
    count = conv(3, inputs, hidden) + conv(3, hidden, outputs)
    return count + shortcut * conv(1, inputs, outputs)


def up_block(inputs, outputs, condition=None):
    """Batch normalization before each convolution, its gain and bias perhaps linear in a condition."""
    each = 1 if condition is None else condition
    norms = each * (norm(inputs) + norm(outputs))
    return norms + residual(inputs, outputs, outputs)


def up_network(latents, channels, condition=None, side=4):
    """A generator of such blocks: SNGAN's, SAGAN's and BigGAN's, without attention and embedding."""
    blocks = chain(up_block, *channels, condition=condition)
    last = norm(channels[-1]) + conv(3, channels[-1], 3)
    return dense(latents, side**2 * channels[0]) + blocks + last


def sngan_discriminator(*blocks, classes=0, bias=True):
    """dis_models/ of the authors: `blocks` are `(channels, whether it halves the map)`."""
    (first, _), *_ = blocks
    count = residual(3, first, first)
    for (inputs, _), (outputs, halves) in itertools.pairwise(blocks):
        count += residual(inputs, inputs, outputs, shortcut=halves or inputs != outputs)
    return count + dense(blocks[-1][0], 1, bias=bias) + classes * blocks[-1][0]


FLAT_BLOCKS = [(128, True), (128, True), (128, False), (128, False)]


def doubled(first, count):
    return [(first * 2**level, True) for level in range(count)]


def sngan_cnn_generator(side):
    """Table 3: a map of 512 channels, three 4x4 convolutions that double it, a 3x3 one to colours."""
    maps = chain(normal_conv, 512, 256, 128, 64, size=4, bias=True)
    return dense(128, side**2 * 512) + maps + conv(3, 64, 3)


def sngan_cnn_discriminator(side):
    """Table 3: 3x3 and 4x4 convolutions by turns, the last one 3x3 with 512 channels."""
    count = conv(3, 3, 64) + conv(4, 64, 64)
    count += conv(3, 64, 128) + conv(4, 128, 128) + conv(3, 128, 256) + conv(4, 256, 256)
    return count + conv(3, 256, 512) + dense(side**2 * 512, 1)


def wide_discriminator(channels, classes, halvings, shortcut_of_equals=True):
    """SAGAN's and BigGAN's, without attention: as many channels within a block as after it."""
    count = residual(3, channels[0], channels[0])
    for level, (inputs, outputs) in enumerate(itertools.pairwise(channels), start=1):
        halved = level < halvings and shortcut_of_equals
        count += residual(inputs, outputs, outputs, shortcut=halved or inputs != outputs)
    return count + dense(channels[-1], 1) + classes * channels[-1]


def times(width, *multiples):
    return [width * multiple for multiple in multiples]


def biggan_generator(part, multiples, attending, width=96):
    """`part` numbers of the latents for the first map and for each block, beside 128 of the class."""
    network = up_network(part, times(width, *multiples), condition=part + 128)
    return 1000 * 128 + network + attention(attending * width)


def biggan_discriminator(multiples, attending, width=96, **options):
    halvings = len(multiples) - 1
    count = wide_discriminator(times(width, *multiples), 1000, halvings, **options)
    return count + (attention(attending * width) if attending else 0)


def bottleneck(inputs, narrow, outputs):
    """1x1, 3x3, 3x3 and 1x1 convolutions."""
    count = conv(1, inputs, narrow) + 2 * conv(3, narrow, narrow)
    return count + conv(1, narrow, outputs)


def deep_up(inputs, outputs, condition):
    narrow = inputs // 4
    return condition * (norm(inputs) + 3 * norm(narrow)) + bottleneck(inputs, narrow, outputs)


def deep_generator(channels, attending=0, classes=1000, colours=3):
    """Two blocks a stage: the first keeps the channels. The condition: 128 latents, 128 of the class."""
    count = classes * 128 + dense(256, 16 * channels[0])
    for inputs, outputs in itertools.pairwise(channels):
        count += deep_up(inputs, inputs, 256) + deep_up(inputs, outputs, 256)
    count += attention(attending) if attending else 0
    return count + norm(channels[-1]) + conv(3, channels[-1], colours)


def deep_down(inputs, outputs):
    missing = outputs - inputs
    return bottleneck(inputs, outputs // 4, outputs) + (conv(1, inputs, missing) if missing else 0)


def deep_discriminator(channels, attending=0, classes=1000):
    count = conv(3, 3, channels[0])
    for inputs, outputs in itertools.pairwise(channels):
        count += deep_down(inputs, outputs) + deep_down(outputs, outputs)
    count += attention(attending) if attending else 0
    return count + dense(channels[-1], 1) + classes * channels[-1]


def compare_gan_block(inputs, outputs):
    """resnet_ops.py: SNGAN's with a 3x3 convolution in every shortcut."""
    return 2 * conv(3, inputs, outputs) + conv(3, outputs, outputs)


def r3gan_block(width, group):
    """1x1 to twice the channels, 3x3 in groups, 1x1 back; biases behind the first two."""
    inner = 2 * width
    return 2 * width * inner + 9 * inner * group + 2 * inner


def r3gan_maps(widths, group):
    """Two blocks at each size, and 1x1 convolutions without bias where the channels change."""
    changes = [a * b for a, b in itertools.pairwise(widths) if a != b]
    return sum(2 * r3gan_block(width, group) for width in widths) + sum(changes)


def r3gan_generator(widths, group=16, classes=0):
    """R3GAN/Networks.py: 64 latents, 64 numbers of the class, a basis of 4x4 maps."""
    inputs = 128 if classes else 64
    first = inputs * widths[0] + 16 * widths[0] + 64 * classes
    return first + r3gan_maps(widths, group) + 3 * widths[-1]


def r3gan_discriminator(widths, group=16, classes=0):
    last = 16 * widths[0] + widths[0] * (widths[0] if classes else 1) + widths[0] * classes
    return last + r3gan_maps(widths, group) + 3 * widths[-1]


def stylegan2_channels(image, base, largest=512):
    sizes = [2**level for level in range(2, int(math.log2(image)) + 1)]
    return [min(largest, base // size) for size in sizes]


def stylegan2_generator(channels, style=512, mapping=8):
    """networks_stylegan2.py: a mapping network, a constant, styled convolutions, sums of colours."""

    def styled(inputs, outputs, size):
        return dense(style, inputs) + conv(size, inputs, outputs)

    def noisy(inputs, outputs):
        return styled(inputs, outputs, 3) + 1

    count = mapping * dense(style, style) + 16 * channels[0] + noisy(channels[0], channels[0])
    for inputs, outputs in itertools.pairwise(channels):
        count += noisy(inputs, outputs) + noisy(outputs, outputs)
    return count + sum(styled(width, 3, 1) for width in channels)


def stylegan2_discriminator(channels):
    """Residual; the deviation within the batch is one more channel at 4x4."""
    count = conv(1, 3, channels[-1])
    for outputs, inputs in itertools.pairwise(channels):
        count += conv(3, inputs, inputs) + conv(3, inputs, outputs)
        count += conv(1, inputs, outputs, bias=False)
    first = channels[0]
    return count + conv(3, first + 1, first) + dense(16 * first, first) + dense(first, 1)


def stylegan3_generator(channels, inputs=512, size=3, style=512):
    """networks_stylegan3.py: two mapping layers, a matrix of waves, styled convolutions, colours."""
    count = 2 * dense(style, style) + dense(style, 4) + inputs**2
    for before, after in itertools.pairwise([inputs, *channels]):
        count += dense(style, before) + conv(size, before, after)
    return count + dense(style, channels[-1]) + conv(1, channels[-1], 3)


def stylegan3_channels(largest, base, edge=1024, layers=14, critical=2):
    """channel_base over twice the cutoffs, which are geometric from 2 on."""
    shares = [min(1, layer / (layers - critical)) for layer in range(layers)]
    return [min(largest, round(base / 2 / (2 * (edge / 4) ** share))) for share in shares]


# === What is published ===

TO_64, TO_48, TO_128 = (
    (1024, 512, 256, 128, 64),
    (512, 256, 128, 64),
    (1024, 1024, 512, 256, 128, 64),
)
BIG = {
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
JUDGE = {64: (1, 2, 4, 8, 16), 256: (1, 2, 4, 8, 8, 16, 16), 512: (1, 1, 2, 4, 8, 8, 16, 16)}
DEEP = {size: times(128, *multiples) for size, multiples in BIG.items()}
R3GAN = {"cifar10": (768,) * 4, "64": (*(768,) * 4, 384), "256": (*(768,) * 4, 384, 192, 96)}
FACES_64, FACES_256 = stylegan2_channels(64, 4096, 256), stylegan2_channels(256, 16384)


def unet(width, halvings, colours=3, size=4, made=None):
    """`UnetGenerator` of the authors' PyTorch code: no biases before normalizations; the innermost map
    and the first are not normalized."""
    maps = [min(8, 2**level) * width for level in range(halvings)]
    down = conv(size, colours, maps[0], bias=False) + chain(normal_conv, *maps[:-1], size=size)
    down += conv(size, maps[-2], maps[-1], bias=False)
    up = normal_conv(maps[-1], maps[-2], size=size)  # of the innermost map, which has no skip
    up += sum(normal_conv(2 * a, b, size=size) for a, b in itertools.pairwise(maps[-2::-1]))
    return down + up + conv(size, 2 * maps[0], made or colours)


def gated_inpainter(width):
    """Figure 3 of the paper, `build_inpaint_net` of the authors' code: a gated convolution makes twice
    what it gives, and the last one of a stage has no gates."""

    def gated(*widths, size=3):
        return chain(lambda a, b: conv(size, a, 2 * b), *widths)

    w = width
    decoder = gated(4 * w, 2 * w, 2 * w, w, w // 2) + conv(3, w // 2, 3)
    coarse = gated(5, w, size=5) + gated(*(w * n for n in (1, 2, 2, *[4] * 9))) + decoder
    first = gated(3, w, size=5)
    refinement = first + gated(*(w * n for n in (1, 1, 2, 2, *[4] * 6)))
    attention = first + gated(*(w * n for n in (1, 1, 2, *[4] * 5)))
    return coarse + refinement + attention + gated(8 * w, 4 * w, 4 * w) + decoder


def resnet_translator(width, blocks, colours=3):
    """`ResnetGenerator` with instance normalization, which has no weights, and biases."""
    ends = conv(7, colours, width) + conv(7, width, colours)
    ways = chain(lambda a, b: conv(3, a, b) + conv(3, b, a), width, 2 * width, 4 * width)
    return ends + ways + 2 * blocks * conv(3, 4 * width, 4 * width)


def srresnet(width, blocks):
    """Figure 4 of SRGAN's paper, four times as large; no authors' code was published."""
    block = 2 * (conv(3, width, width) + norm(width)) + width
    first, last = conv(9, 3, width) + width, conv(9, width, 3)
    enlarged = 2 * (conv(3, width, 4 * width) + width)
    return first + blocks * block + conv(3, width, width) + norm(width) + enlarged + last


def srgan_discriminator(width, side):
    """Figure 4: eight convolutions, of which every other one halves, all but the first normalized."""
    widths = [width * 2 ** (level // 2) for level in range(8)]
    maps = conv(3, 3, width) + sum(conv(3, a, b) + norm(b) for a, b in itertools.pairwise(widths))
    return maps + dense((side // 16) ** 2 * widths[-1], 1024) + dense(1024, 1)


def rrdb(width, blocks, growth):
    """`RRDBNet` of BasicSR."""
    inner = sum(conv(3, width + level * growth, growth) for level in range(4))
    dense_block = inner + conv(3, width + 4 * growth, width)
    ends = conv(3, 3, width) + 4 * conv(3, width, width) + conv(3, width, 3)
    return ends + 3 * blocks * dense_block


def vgg_discriminator(width, side):
    """`VGGStyleDiscriminator` of BasicSR, without biases before normalizations; the first code of ESRGAN
    had 2,880 of these."""
    widths = [width * min(8, 2**level) for level in range(5)]
    found = conv(3, 3, width) + normal_conv(width, width, 4)
    for before, after in itertools.pairwise(widths):
        found += normal_conv(before, after, 3) + normal_conv(after, after, 4)
    return found + dense((side // 32) ** 2 * widths[-1], 100) + dense(100, 1)


def spectral_unet(width):
    """`UNetDiscriminatorSN` of Real-ESRGAN."""
    levels = [width * 2**level for level in range(4)]
    down = sum(conv(4, a, b, bias=False) for a, b in itertools.pairwise(levels))
    up = sum(conv(3, b, a, bias=False) for a, b in itertools.pairwise(levels))
    last = 2 * conv(3, width, width, bias=False) + conv(3, width, 1)
    return conv(3, 3, width) + down + up + last


def srvgg(width, convolutions, scale=4):
    """`SRVGGNetCompact` of Real-ESRGAN, with a slope for each channel."""
    inner = (convolutions + 1) * width + convolutions * conv(3, width, width)
    return conv(3, 3, width) + inner + conv(3, width, 3 * scale**2)


def johnson_translator(width, blocks, colours=3):
    """`TransformerNet` of the PyTorch example fast_neural_style: biases, and gains and biases of
    instance normalizations."""
    layer = lambda size, a, b: normal_conv(a, b, size=size, bias=True)  # noqa: E731
    ways = layer(9, colours, width) + 2 * blocks * layer(3, 4 * width, 4 * width)
    for maps in (width, 2 * width):
        ways += layer(3, maps, 2 * maps) + layer(3, 2 * maps, maps)
    return ways + conv(9, width, colours)


def conv3(inputs, outputs):
    return conv(3, inputs, outputs)


def patchgan(width, colours, layer):
    """`NLayerDiscriminator` with three halvings."""
    maps = [width, 2 * width, 4 * width, 8 * width]
    return conv(4, colours, width) + chain(layer, *maps, size=4) + conv(4, maps[-1], 1)


def spectral_patchgan(width):
    """`build_sn_patch_gan_discriminator` of the authors' code."""
    return chain(plain_conv, 4, *(width * n for n in (1, 2, 4, 4, 4, 4)))


def patch_heads(width, units=256):
    """CUT's netF: two layers for each of five maps, which it makes when it sees their channels."""
    maps = (3, 2 * width, 4 * width, 4 * width, 4 * width)
    return sum(dense(channels, units) + dense(units, units) for channels in maps)


def stargan_generator(domains, width=64, blocks=6):
    """`Generator` of model.py: no biases, instance normalization with gains and biases."""
    ways = chain(normal_conv, width, 2 * width, 4 * width, 2 * width, width, size=4)
    first = normal_conv(3 + domains, width, size=7)
    residual = 2 * blocks * normal_conv(4 * width, 4 * width, size=3)
    return first + ways + residual + conv(7, width, 3, bias=False)


def stargan_discriminator(domains, side=128, width=64, layers=6):
    """`Discriminator` of model.py, whose last kernels are 3 and the map's side."""
    maps = [3, *(width * 2**level for level in range(layers))]
    heads = conv(3, maps[-1], 1, bias=False) + conv(side >> layers, maps[-1], domains, bias=False)
    return chain(lambda a, b: conv(4, a, b), *maps) + heads


FASTGAN = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}


def fastgan_generator(side, width=64, latents=256, double=(8, 32, 128, 512)):
    """`Generator` of models.py up to its last feature map; `double`: sides with a second convolution,
    and the strength of a noise after each."""
    widths = {key: int(width * multiple) for key, multiple in FASTGAN.items() if key <= side}
    total = dense(latents, 16 * 2 * widths[4], bias=False) + norm(2 * widths[4])
    for large, channels in list(widths.items())[1:]:
        total += gated(widths[large // 2], channels)
        total += (large in double) and gated(channels, channels) + 2
        if 64 <= large <= 512:
            total += gates(widths[large // 16], channels)
    return total


def gated(inputs, outputs):
    """Half of what is made gates the other half."""
    return normal_conv(inputs, 2 * outputs, size=3)


def gates(small, large):
    return conv(4, small, large, bias=False) + conv(1, large, large, bias=False)


def fastgan_images(side, width=64):
    """Of both sizes."""
    return conv(1, width, 3, bias=False) + conv(3, int(width * FASTGAN[side]), 3, bias=False)


def fastgan_discriminator(side, width=64):
    """`Discriminator` of models.py without its decoders."""
    widths = [width * n for n in (0.25, 0.5, 1, 2, 4, 8)]
    widths = [int(channels) for channels in widths]
    first = {256: conv(3, 3, widths[0], bias=False), 512: conv(4, 3, widths[0], bias=False)}
    first[1024] = conv(4, 3, width // 8, bias=False) + normal_conv(width // 8, widths[0], size=4)
    downs = chain(two_ways, *widths) + sum(gates(widths[n], widths[n + 3]) for n in range(3))
    heads = normal_conv(widths[-1], 16 * width, size=1) + conv(4, 16 * width, 1, bias=False)
    small = conv(4, 3, width // 2, bias=False)
    small += chain(normal_conv, width // 2, width, 2 * width, 4 * width, size=4)
    return first[side] + downs + heads + small + conv(4, 4 * width, 1, bias=False)


def two_ways(inputs, outputs):
    """`DownBlockComp`."""
    main = normal_conv(inputs, outputs, size=4) + normal_conv(outputs, outputs, size=3)
    return main + normal_conv(inputs, outputs, size=1)


def projected_generator(side, double):
    """`FastganSynthesis` of networks_fastgan.py, up to where images of its size end."""
    double = FASTGAN if double else ()
    last = int(128 * FASTGAN[side])
    return fastgan_generator(side, 128, double=double) + conv(3, last, 3)


def projected_heads(widths=(64, 64, 128, 256, 512)):
    """`MultiScaleD` of discriminator.py, on maps of 64, 64, 128 and 256 channels."""
    maps, total = (64, 64, 128, 256), 0
    for level, channels in enumerate(maps):
        made = (channels, *widths[level + 1 :])
        total += chain(lambda a, b: conv(4, a, b) + norm(b), *made) + conv(4, 512, 1, bias=False)
    return total


_256, _1024 = "celeb_a_hq_256", "celeb_a_hq_1024"
BY_HAND = {
    **{
        (f"fastgan_celeb_a_hq_{side}", G): fastgan_generator(side) + fastgan_images(side)
        for side in (256, 512, 1024)
    },
    **{(f"fastgan_celeb_a_hq_{side}", D): fastgan_discriminator(side) for side in (256, 512, 1024)},
    (f"projected_gan_{_256}", G): projected_generator(256, double=True),
    (f"projected_gan_lite_{_256}", G): projected_generator(256, double=False),
    (f"projected_gan_{_1024}", G): projected_generator(1024, double=True),
    **{(f"projected_gan_{name}", D): projected_heads() for name in (_256, f"lite_{_256}", _1024)},
    ("colorizer_imagenet_256", G): unet(64, 8, 1, made=2),
    ("colorizer_imagenet_256", D): patchgan(64, 3, normal_conv),
    ("inpainter_places2", D): spectral_patchgan(64),
    ("cut_horse2zebra", G): resnet_translator(64, 9) + patch_heads(64),
    ("cut_horse2zebra", D): patchgan(64, 3, lambda a, b, size: conv(size, a, b)),
    ("cut_horse2zebra_fast", G): resnet_translator(64, 9) + patch_heads(64),
    ("cut_horse2zebra_fast", D): patchgan(64, 3, lambda a, b, size: conv(size, a, b)),
    ("stargan_rafd", G): stargan_generator(8),
    ("stargan_rafd", D): stargan_discriminator(8),
    ("cyclegan_horse2zebra", G): 2 * resnet_translator(64, 9),
    ("srgan_div2k", G): srresnet(64, 16),
    ("srgan_div2k", D): srgan_discriminator(64, 96),
    ("esrgan_div2k", G): rrdb(64, 23, 32),
    ("esrgan_div2k", D): vgg_discriminator(64, 128),
    ("real_esrgan_df2k", G): rrdb(64, 23, 32),
    ("real_esrgan_df2k", D): spectral_unet(64),
    ("real_esrgan_general_x4v3", G): srvgg(64, 32),
    ("real_esrgan_general_x4v3", D): spectral_unet(64),
    ("style_transfer_mosaic", G): johnson_translator(32, 5),
    ("adain_paintings", G): chain(conv3, 512, 256, 256, 256, 256, 128, 128, 64, 64, 3),
    ("cyclegan_horse2zebra", D): 2 * patchgan(64, 3, lambda a, b, size: conv(size, a, b)),
    ("vanilla_gan_mnist", G): dense(100, 1200) + dense(1200, 1200) + dense(1200, 784),
    ("vanilla_gan_mnist", D): maxout_discriminator(),
    ("dcgan_celeb_a_64", G): dcgan_generator(100, (1024, 512, 256, 128)),
    ("dcgan_celeb_a_64", D): dcgan_discriminator((128, 256, 512, 1024), bias=False),
    ("dcgan_cifar10", G): dcgan_generator(100, (512, 256, 128)),
    ("dcgan_cifar10", D): dcgan_discriminator((128, 256, 512)),
    ("dcgan_celeb_a_128", G): dcgan_generator(100, (1024, 1024, 512, 256, 128)),
    ("dcgan_celeb_a_128", D): dcgan_discriminator((128, 256, 512, 1024, 1024)),
    ("lsgan_cifar10", G): dcgan_generator(100, (512, 256, 128)),
    ("lsgan_cifar10", D): dcgan_discriminator((128, 256, 512)),
    # gan_cifar.py normalizes each of the 8,192 numbers of the first map on its own.
    ("wgan_cifar10", G): wgan_gp_generator(128, (512, 256, 128)) + norm(8192) - norm(512),
    ("wgan_cifar10", D): plain_discriminator((128, 256, 512)) + norm(256) + norm(512),
    ("wgan_gp_cifar10", G): wgan_gp_generator(128, (512, 256, 128)) + norm(8192) - norm(512),
    ("wgan_gp_cifar10", D): plain_discriminator((128, 256, 512)),
    ("wgan_gp_celeb_a_64", G): wgan_gp_generator(128, (512, 256, 128, 64)),
    # Layer normalization, with a gain and a bias for each channel, behind all but the first.
    ("wgan_gp_celeb_a_64", D): plain_discriminator((64, 128, 256, 512)) + norm(128 + 256 + 512),
    ("conditional_gan_mnist", G): mirza_generator(),
    ("conditional_gan_mnist", D): mirza_discriminator(),
    ("conditional_gan_cifar10", G): 10 * 100 + dcgan_generator(200, (512, 256, 128)),
    ("conditional_gan_cifar10", D): 10 * 32**2 + dcgan_discriminator((128, 256, 512), colours=4),
    ("acgan_cifar10", G): dense(110, 16 * 384) + chain(normal_conv, 384, 192, 96) + conv(5, 96, 3),
    ("acgan_cifar10", D): conv(3, 3, 16)
    + chain(normal_conv, 16, 32, 64, 128, 256, 512, size=3)
    + dense(16 * 512, 11),
    ("infogan_mnist", G): normal_dense(74, 1024)
    + normal_dense(1024, 6272)
    + normal_conv(128, 64, size=4)
    + conv(4, 64, 1),
    ("infogan_mnist", D): infogan_trunk() + infogan_heads(),
    ("vaegan_celeb_a_64", G): normal_dense(128, 64 * 256)
    + chain(normal_conv, 256, 256, 128, 32)
    + conv(5, 32, 3),
    ("vaegan_celeb_a_64", D): conv(5, 3, 32)
    + chain(normal_conv, 32, 128, 256, 256)
    + normal_dense(64 * 256, 512)
    + dense(512, 1),
    ("began_celeb_a_64", G): began_decoder(4),
    ("began_celeb_a_64", D): began_encoder(4) + began_decoder(4),
    ("began_celeb_a_128", G): began_decoder(5),
    ("began_celeb_a_128", D): began_encoder(5) + began_decoder(5),
    ("textgan_emoji_64", G): reed_generator(),
    ("textgan_emoji_64", D): reed_discriminator(),
    ("sngan_cifar10", G): up_network(128, (256,) * 4),
    ("sngan_cifar10", D): sngan_discriminator(*FLAT_BLOCKS),
    ("sngan_projection_cifar10", G): up_network(128, (256,) * 4, condition=10),
    ("sngan_projection_cifar10", D): sngan_discriminator(*FLAT_BLOCKS, classes=10, bias=False),
    ("sngan_cnn_cifar10", G): sngan_cnn_generator(4),
    ("sngan_cnn_cifar10", D): sngan_cnn_discriminator(4),
    ("sngan_cnn_stl10", G): sngan_cnn_generator(6),
    ("sngan_cnn_stl10", D): sngan_cnn_discriminator(6),
    ("sngan_stl10", G): up_network(128, TO_48, side=6),
    ("sngan_stl10", D): sngan_discriminator(*doubled(64, 4), (1024, False)),
    ("sngan_celeb_a_64", G): up_network(128, TO_64),
    ("sngan_celeb_a_64", D): sngan_discriminator(*doubled(64, 5)),
    ("sngan_imagenet_64", G): up_network(128, TO_64, condition=1000),
    ("sngan_imagenet_64", D): sngan_discriminator(*doubled(64, 5), classes=1000),
    ("sngan_imagenet_128", G): up_network(128, TO_128, condition=1000),
    ("sngan_imagenet_128", D): sngan_discriminator(*doubled(64, 5), (1024, False), classes=1000),
    ("ssgan_cifar10", G): dense(128, 16 * 256)
    + 3 * (compare_gan_block(256, 256) + 2 * norm(256))
    + norm(256)
    + conv(3, 256, 3),
    ("ssgan_cifar10", D): compare_gan_block(3, 128)
    + 3 * compare_gan_block(128, 128)
    + dense(128, 1)
    + dense(128, 4),
    ("sagan_cifar10", G): up_network(128, TO_48, condition=10) + attention(128),
    ("sagan_cifar10", D): wide_discriminator((64, 128, 256, 512), 10, 3) + attention(64),
    ("sagan_imagenet_128", G): up_network(128, TO_128, condition=1000) + attention(256),
    ("sagan_imagenet_128", D): wide_discriminator((64, 128, 256, 512, 1024, 1024), 1000, 5)
    + attention(128),
    ("biggan_cifar10", G): up_network(128, (256,) * 4, condition=10),
    ("biggan_cifar10", D): wide_discriminator((256,) * 4, 10, 2),
    ("biggan_imagenet_64", G): biggan_generator(24, BIG[64], attending=2),
    ("biggan_imagenet_64", D): biggan_discriminator(JUDGE[64], attending=None),
    ("biggan_deep_cifar10", G): deep_generator((256,) * 4, classes=10, colours=128),
    ("biggan_deep_cifar10", D): deep_discriminator((256,) * 4, classes=10),
    ("biggan_deep_imagenet_64", G): deep_generator(DEEP[64], attending=256),
    ("biggan_deep_imagenet_64", D): deep_discriminator(DEEP[64][::-1]),
    ("biggan_deep_imagenet_256", G): deep_generator(DEEP[256], attending=512),
    ("biggan_deep_imagenet_256", D): deep_discriminator(DEEP[256][::-1], attending=512),
    ("biggan_deep_imagenet_512", G): deep_generator(DEEP[512], attending=512),
    ("biggan_deep_imagenet_512", D): deep_discriminator(DEEP[512][::-1], attending=512),
    ("r3gan_cifar10", G): r3gan_generator(R3GAN["cifar10"], classes=10),
    ("r3gan_cifar10", D): r3gan_discriminator(R3GAN["cifar10"], classes=10),
    ("r3gan_celeb_a_64", G): r3gan_generator(R3GAN["64"]),
    ("r3gan_celeb_a_64", D): r3gan_discriminator(R3GAN["64"]),
    ("r3gan_imagenet_64", G): r3gan_generator((1536,) * 5, group=32, classes=1000),
    ("r3gan_imagenet_64", D): r3gan_discriminator((1536,) * 5, group=32, classes=1000),
    ("stylegan2_celeb_a_64", G): stylegan2_generator(FACES_64, style=256, mapping=4),
    ("stylegan2_celeb_a_64", D): stylegan2_discriminator(FACES_64),
    ("stylegan3_t_ffhq_1024", G): stylegan3_generator(stylegan3_channels(512, 32768)),
}

# Printed numbers, with the place of their last digit.
PRINTED = {
    ("biggan_imagenet_128", G): (70_433_988, 1),
    ("biggan_imagenet_128", D): (87_982_370, 1),
    ("biggan_imagenet_256", G): (82_097_604, 1),
    ("biggan_imagenet_256", D): (98_635_298, 1),
    ("biggan_imagenet_512", G): (82_468_068, 1),
    ("biggan_imagenet_512", D): (98_801_378, 1),
    ("biggan_deep_imagenet_128", G): (50_244_484, 1),
    ("biggan_deep_imagenet_128", D): (34_590_210, 1),
    ("r3gan_celeb_a_hq_256", G): (23_058_000, 1_000),
    ("r3gan_celeb_a_hq_256", D): (23_010_000, 1_000),
    ("stylegan_celeb_a_hq_1024", G): (26_219_627, 1),
    ("stylegan_celeb_a_hq_1024", D): (23_087_249, 1),
    ("stylegan2_celeb_a_hq_256", G): (24_767_000, 1_000),
    ("stylegan2_celeb_a_hq_256", D): (24_001_000, 1_000),
    ("stylegan2_celeb_a_hq_1024", G): (28_794_124 + 6 * dense(512, 512), 1),
    ("stylegan2_celeb_a_hq_1024", D): (29_012_513, 1),
    ("stylegan3_t_ffhq_1024", D): (29_012_513, 1),
    ("stylegan3_r_ffhq_1024", G): (15_093_151, 1),
    ("stylegan3_r_ffhq_1024", D): (29_012_513, 1),
    ("progan_celeb_a_hq_1024", G): (23_100_000, 100_000),
    ("progan_celeb_a_hq_1024", D): (23_100_000, 100_000),
    ("pix2pix_facades", G): (54_414_000, 1_000),
    ("pix2pix_facades", D): (2_769_000, 1_000),
    ("inpainter_places2", G): (4_100_000, 100_000),
}

# Ours less the published, where they are not equal.
OURS_LESS = {
    # Biases at the first convolution and at the logit.
    ("dcgan_celeb_a_64", D): 128 + 1,
    # 100 latents instead of 128; no biases before batch normalization, which is by channel.
    ("wgan_cifar10", G): (100 - 128) * 8192 - 8192 - 256 - 128 - norm(8192) + norm(512),
    ("wgan_cifar10", D): -256 - 512,
    ("wgan_gp_cifar10", G): -8192 - 256 - 128 - norm(8192) + norm(512),
    # Twice the channels; no biases before batch normalization; a critic without any normalization.
    ("wgan_gp_celeb_a_64", G): dcgan_generator(128, (1024, 512, 256, 128))
    - wgan_gp_generator(128, (512, 256, 128, 64)),
    ("wgan_gp_celeb_a_64", D): plain_discriminator((128, 256, 512, 1024))
    - plain_discriminator((64, 128, 256, 512))
    - norm(128 + 256 + 512),
    # DCGAN's networks with a learned map of the label.
    ("conditional_gan_mnist", G): 10 * 100
    + dcgan_generator(200, (128, 64), side=7, colours=1)
    - mirza_generator(),
    ("conditional_gan_mnist", D): 10 * 28**2
    + dcgan_discriminator((64, 128), side=7, colours=2)
    - mirza_discriminator(),
    # The first map is normalized, and has no bias.
    ("acgan_cifar10", G): norm(384) - 16 * 384,
    # DCGAN's generator, of 100 latents and 128 numbers drawn around a mean of 256 of the text.
    ("textgan_emoji_64", G): dense(256, 2 * 128)
    + dcgan_generator(228, (1024, 512, 256, 128))
    - reed_generator(),
    # Twice the channels, 256 numbers of the text instead of 1,024, and the image's place among texts.
    ("textgan_emoji_64", D): conv(4, 3, 128)
    + chain(normal_conv, 128, 256, 512, 1024, size=4)
    + dense(256, 128)
    + normal_conv(1024 + 128, 1024, size=1)
    + dense(16 * 1024, 1)
    + dense(16 * 1024, 256)
    - reed_discriminator(),
    ("sngan_projection_cifar10", D): 1,  # a bias at the logit
    # Shortcuts of 1x1 convolutions, and none in two blocks that keep size and channels.
    ("ssgan_cifar10", G): -3 * 8 * 256 * 256,
    ("ssgan_cifar10", D): -8 * 3 * 128 - 8 * 128 * 128 - 2 * conv(3, 128, 128),
    # A shared embedding; 32 latents for the first map; normalization by 32 latents and the embedding.
    ("biggan_cifar10", G): 10 * 128 + (32 - 128) * 16 * 256 + 6 * (160 - 10) * norm(256),
    # Images are three channels, not the first three of 128.
    ("biggan_deep_cifar10", G): conv(3, 256, 3) - conv(3, 256, 128),
    # A 1x1 convolution in the shortcut of each block that halves the map and keeps its channels.
    ("biggan_imagenet_256", D): conv(1, 768, 768),
    ("biggan_imagenet_512", D): conv(1, 768, 768) + conv(1, 96, 96),
    # 128 latents, as in the generator that the authors published, instead of 160.
    ("biggan_imagenet_512", G): biggan_generator(16, BIG[512], attending=4)
    - biggan_generator(20, BIG[512], attending=4),
    # Layers to and from colours at the 8 smaller sizes; a bias beside the constant.
    ("stylegan_celeb_a_hq_1024", G): -sum(
        conv(1, width, 3) for width in stylegan2_channels(512, 16384)
    )
    - 512,
    ("stylegan_celeb_a_hq_1024", D): -sum(
        conv(1, 3, width) for width in stylegan2_channels(512, 16384)
    ),
}


def table():
    with TABLE.open() as file:
        return {(row["preset"], row["player"]): row for row in csv.DictReader(file)}


def ours(key):
    preset, player = key
    return tfgan_zoo.list_presets()[preset].parameters[player == D]


def test_every_network_of_a_papers_size_is_in_the_table():
    presets = tfgan_zoo.list_presets().values()
    small = {
        p.name for p in presets if {**p.model_class.defaults, **p.options}["image_shape"][0] == 28
    }
    ours_alone = {"textgan_emoji_32", "stylegan2_emoji_64", "biggan_cifar10_small"}
    ours_alone |= {p.name for p in presets if p.name.startswith("real_esrgan_bsd100")}
    ours_alone |= {"pix2pix_facades_128", "style_transfer_mosaic_128", "adain_styles_128"}
    ours_alone |= {"colorizer_cifar10", "inpainter_emoji_64", "cyclegan_orange_lemon_64"}
    ours_alone |= {"cyclegan_facades_64", "fastgan_emoji_64", "projected_gan_emoji_64"}
    ours_alone |= {
        "dcgan_avatars_32",
        "textgan_avatars_32",
        "cut_horse2zebra_fast_128",
        "stargan_rafd_64",
    }
    expected = {p.name for p in presets} - small - ours_alone
    expected |= {"vanilla_gan_mnist", "infogan_mnist", "conditional_gan_mnist"}
    networks = {(name, player) for name in expected for player in (G, D)}
    assert set(table()) == {key for key in networks if ours(key)}
    assert {tfgan_zoo.list_presets()[name].model_class for name in expected} == {
        preset.model_class for preset in presets
    }


def test_the_tables_numbers_are_those_counted_here():
    counted = {**BY_HAND, **{key: number for key, (number, _) in PRINTED.items()}}
    assert {key: int(row["published"]) for key, row in table().items()} == counted


@pytest.mark.parametrize(
    ("key", "counted"),
    [
        (("biggan_imagenet_128", G), biggan_generator(20, BIG[128], attending=2)),
        (("biggan_imagenet_128", D), biggan_discriminator((1, 2, 4, 8, 16, 16), attending=1)),
        (("biggan_imagenet_256", G), biggan_generator(20, BIG[256], attending=2)),
        (
            ("biggan_imagenet_256", D),
            biggan_discriminator(JUDGE[256], attending=2, shortcut_of_equals=False),
        ),
        (("biggan_imagenet_512", G), biggan_generator(20, BIG[512], attending=4)),
        (
            ("biggan_imagenet_512", D),
            biggan_discriminator(JUDGE[512], attending=2, shortcut_of_equals=False),
        ),
        (("biggan_deep_imagenet_128", G), deep_generator(DEEP[128], attending=256)),
        (("biggan_deep_imagenet_128", D), deep_discriminator(DEEP[128][::-1], attending=256)),
        (("r3gan_celeb_a_hq_256", G), r3gan_generator(R3GAN["256"])),
        (("r3gan_celeb_a_hq_256", D), r3gan_discriminator(R3GAN["256"])),
        (("stylegan2_celeb_a_hq_256", G), stylegan2_generator(FACES_256)),
        (("stylegan2_celeb_a_hq_256", D), stylegan2_discriminator(FACES_256)),
        (
            ("stylegan2_celeb_a_hq_1024", G),
            stylegan2_generator(stylegan2_channels(1024, 32768)),
        ),
        (
            ("stylegan2_celeb_a_hq_1024", D),
            stylegan2_discriminator(stylegan2_channels(1024, 32768)),
        ),
        (
            ("stylegan3_r_ffhq_1024", G),
            stylegan3_generator(stylegan3_channels(1024, 65536), inputs=1024, size=1),
        ),
        (("pix2pix_facades", G), unet(64, 8)),
        (("pix2pix_facades", D), patchgan(64, 6, normal_conv)),
        (("inpainter_places2", G), gated_inpainter(24)),
    ],
)
def test_counts_by_hand_give_the_numbers_that_are_printed(key, counted):
    """The formulas above, of networks whose numbers somebody else has printed."""
    number, unit = PRINTED[key]
    assert round(counted / unit) * unit == number


def test_ours_differ_from_the_published_as_is_said():
    units = {key: unit for key, (_, unit) in PRINTED.items()}
    for key, row in table().items():
        unit = units.get(key, 1)
        found = round(ours(key) / unit) * unit - int(row["published"])
        assert found == OURS_LESS.get(key, 0), key
    assert set(OURS_LESS) <= set(table())
