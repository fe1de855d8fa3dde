"""StyleGAN3's generator in float64, by its definitions, of tensors by PyTorch's names."""

import math

import numpy as np
from stylegan2_in_numpy import Network, activated, correlated, mapping

DEFAULTS = {
    "num_layers": 14,
    "num_critical": 2,
    "first_cutoff": 2.0,
    "first_stopband": 2.0**2.1,
    "last_stopband_rel": 2.0**0.3,
    "margin_size": 10,
    "output_scale": 0.25,
    "conv_kernel": 3,
    "filter_size": 6,
    "lrelu_upsampling": 2,
    "use_radial_filters": False,
    "conv_clamp": 256,
    "magnitude_ema_beta": 0.999,
    "channel_base": 32768,
    "channel_max": 512,
}


def plan(options):
    """`{cutoff, half_width, rate, size, channels, critical}` of what each layer gives."""
    edge, colours = options["image_shape"][1:]
    count, critical, found = options["num_layers"], options["num_critical"], []
    for number in range(count + 1):
        share = min(1.0, number / (count - critical))
        first, last = math.log(options["first_cutoff"]), math.log(edge / 2)
        cutoff = math.exp((1 - share) * first + share * last)
        first, last = options["first_stopband"], edge / 2 * options["last_stopband_rel"]
        stop = math.exp((1 - share) * math.log(first) + share * math.log(last))
        rate = 2 ** math.ceil(math.log2(min(2 * stop, edge)) - 1e-9)
        size = edge if number >= count - 1 else rate + 2 * options["margin_size"]
        width = round(min(options["channel_max"], options["channel_base"] / 2 / cutoff))
        found.append(
            {
                "cutoff": cutoff,
                "half_width": max(stop, rate / 2) - cutoff,
                "rate": rate,
                "size": size,
                "channels": colours if number == count else width,
                "critical": number >= count - critical,
            }
        )
    return found


# === Filters ===


def bessel(x):
    """J1 of an array, by Poisson's integral and Gauss's rule for it."""
    angles = np.arange(1, 400) * np.pi / 400
    waves = np.cos(np.multiply.outer(x, np.cos(angles)))
    return x / np.pi * np.sum(waves * np.sin(angles) ** 2, axis=-1) * np.pi / 400


def design(factor, signal, options, rate, radial):
    """A filter by its definition: Kaiser's window times the response of an ideal one."""
    taps = options["filter_size"] * factor
    if factor == 1:
        return np.ones(1)
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    attenuation = 2.285 * (taps - 1) * np.pi * 4 * signal["half_width"] / rate + 7.95
    beta = 0.1102 * (attenuation - 8.7)
    if attenuation <= 50:
        above = max(attenuation - 21, 0)
        beta = 0.5842 * above**0.4 + 0.07886 * above
    window = np.i0(beta * np.sqrt(1 - (places * rate * 2 / (taps - 1)) ** 2))
    if radial:
        radii = np.sqrt(places[:, None] ** 2 + places**2)
        values = bessel(2 * np.pi * signal["cutoff"] * radii) / radii * np.outer(window, window)
    else:
        values = np.sin(2 * np.pi * signal["cutoff"] * places) / places * window
    return values / values.sum()


def resampled(x, taps, up, down, padding):
    """Zeros between, zeros around or edges cropped, the filter, and every `down`-th place."""
    spread = np.zeros((*x.shape[:2], x.shape[2] * up, x.shape[3] * up))
    spread[:, :, ::up, ::up] = x
    low, high = padding
    spread = np.pad(spread, [(0, 0), (0, 0), *2 * [(max(low, 0), max(high, 0))]])
    crop = slice(max(-low, 0), spread.shape[2] - max(-high, 0))
    spread = spread[:, :, crop, crop]
    if np.ndim(taps) == 2:
        return correlated(spread, taps[::-1, ::-1])[:, :, ::down, ::down]
    for axis in (2, 3):
        length = spread.shape[axis] - len(taps) + 1
        parts = [np.take(spread, range(i, i + length), axis) for i in range(len(taps))]
        spread = sum(weight * part for weight, part in zip(taps[::-1], parts, strict=True))
    return spread[:, :, ::down, ::down]


# === Network ===


class Generator(Network):
    """Args: tensors: `{name: array}`. options: As `DEFAULTS`, and of StyleGAN2's mapping network."""

    def images(self, latents, labels=None, transform=None):
        style = self.mapped(latents, labels, self.options["mapping_learning_rate_multiplier"])
        return self.drawn(style, np.eye(3) if transform is None else transform)

    def drawn(self, style, transform):
        signals = plan(self.options)
        x = np.stack([self.waves(one, transform, signals[0]) for one in style])
        for number, signal in enumerate(signals[:-1]):
            before = signals[max(number - 1, 0)]
            x = self.layer(x, style, self.name(number, signal), before, signal)
        name = self.name(len(signals) - 1, signals[-1])
        x = self.convolved(x, style, name, demodulate=False)
        return self.options["output_scale"] * self.clamped(x)

    def name(self, number, signal):
        return f"synthesis.L{number}_{signal['size']}_{signal['channels']}"

    def clamped(self, x):
        clamp = self.options["conv_clamp"]
        return x if clamp is None else np.clip(x, -clamp, clamp)

    def waves(self, style, transform, signal):
        """The map of one image: each place is moved, and then the waves are taken there."""
        start = "synthesis.input"
        cosine, sine, x, y = self.dense(style[None], f"{start}.affine")[0]
        length = np.hypot(cosine, sine)
        cosine, sine, x, y = (value / length for value in (cosine, sine, x, y))
        rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
        matrix = rotation @ np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]]) @ transform
        size, rate = signal["size"], signal["rate"]
        places = (np.arange(size) - (size - 1) / 2) / rate
        rows, columns = np.meshgrid(places, places, indexing="ij")
        seen = np.einsum("ij,jhw->ihw", matrix, np.stack([columns, rows, np.ones_like(rows)]))[:2]
        frequencies, phases = self[f"{start}.freqs"], self[f"{start}.phases"]
        cycles = np.einsum("cj,jhw->chw", frequencies, seen) + phases[:, None, None]
        lengths = np.linalg.norm(frequencies @ matrix[:2, :2], axis=1)
        share = (lengths - signal["cutoff"]) / (rate / 2 - signal["cutoff"])
        waves = np.sin(2 * np.pi * cycles) * np.clip(1 - share, 0, 1)[:, None, None]
        weight = self[f"{start}.weight"]
        return np.einsum("oc,chw->ohw", weight / np.sqrt(len(weight)), waves)

    def convolved(self, x, style, name, demodulate=True):
        weight, styles = self[f"{name}.weight"], self.dense(style, f"{name}.affine")
        if demodulate:
            weight = weight / np.sqrt(np.mean(weight**2, axis=(1, 2, 3), keepdims=True))
            styles = styles / np.sqrt(np.mean(styles**2))
        else:
            styles = styles / np.sqrt(weight[0].size)
        kernels = weight * styles[:, None, :, None, None]
        if demodulate:
            kernels /= np.sqrt(np.sum(kernels**2, axis=(2, 3, 4), keepdims=True) + 1e-8)
        kernels = kernels / np.sqrt(self[f"{name}.magnitude_ema"])
        spare = 2 * [(weight.shape[-1] - 1,) * 2]
        x = np.pad(x, [(0, 0), (0, 0), *spare])
        made = [correlated(one[None], kernel) for one, kernel in zip(x, kernels, strict=True)]
        return np.concatenate(made) + self[f"{name}.bias"][:, None, None]

    def layer(self, x, style, name, before, after):
        options, size = self.options, x.shape[-1]
        x = self.convolved(x, style, name)
        between = options["lrelu_upsampling"] * max(before["rate"], after["rate"])
        up, down = between // before["rate"], between // after["rate"]
        first = design(up, before, options, between, False)
        radial = options["use_radial_filters"] and not after["critical"]
        last = design(down, after, options, between, radial)
        grown = (size + options["conv_kernel"] - 1) * up
        total = (after["size"] - 1) * down + 1 - grown + len(first) + len(last) - 2
        low = (total + up) // 2
        x = resampled(x, first * up, up, 1, (low, total - low))
        x = self.clamped(activated(x, "lrelu"))
        return resampled(x, last, 1, down, (0, 0))


def tensors(random, options):
    """Random tensors of a generator, with the filters."""
    draw = lambda *shape: random.normal(size=shape)  # noqa: E731
    style, classes = options["style_dim"], options.get("num_classes")
    given = options["latent_dim"] + (style if classes else 0)
    widths = [given, *[style] * options["mapping_layers"]]
    multiplier = options["mapping_learning_rate_multiplier"]
    found = {"mapping.w_avg": draw(style)} | mapping(draw, widths, classes, style, multiplier)
    signals, start = plan(options), "synthesis.input"
    first = signals[0]["channels"]
    found |= {f"{start}.weight": draw(first, first), f"{start}.transform": np.eye(3)}
    found |= {f"{start}.freqs": 2 * draw(first, 2), f"{start}.phases": draw(first)}
    found |= {f"{start}.affine.weight": draw(4, style), f"{start}.affine.bias": draw(4)}
    for number, after in enumerate(signals):
        before = signals[max(number - 1, 0)]
        last = number == len(signals) - 1
        size = 1 if last else options["conv_kernel"]
        name = f"synthesis.L{number}_{after['size']}_{after['channels']}"
        found[f"{name}.weight"] = draw(after["channels"], before["channels"], size, size)
        found[f"{name}.bias"] = draw(after["channels"])
        found[f"{name}.magnitude_ema"] = np.exp(draw())
        found[f"{name}.affine.weight"] = draw(before["channels"], style)
        found[f"{name}.affine.bias"] = 1 + draw(before["channels"])
        between = options["lrelu_upsampling"] * max(before["rate"], after["rate"])
        radial = options["use_radial_filters"] and not after["critical"]
        up, down = between // before["rate"], between // after["rate"]
        if not last and up > 1:
            found[f"{name}.up_filter"] = design(up, before, options, between, False)
        if not last and down > 1:
            found[f"{name}.down_filter"] = design(down, after, options, between, radial)
    return found
