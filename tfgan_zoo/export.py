"""Writes a model as one artifact: a SavedModel for servers, and beside it what loads and checks it."""

import json
import os
import pathlib
import posixpath
import tempfile
import warnings
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras.export import ExportArchive

from tfgan_zoo import precision, presets, remote, trust, warmup, weights
from tfgan_zoo.exported import PRIVACY
from tfgan_zoo.files import address, checked_name, settle, told, version_of, write_json
from tfgan_zoo.locks import unfinished
from tfgan_zoo.privacy import budget
from tfgan_zoo.progress import doing
from tfgan_zoo.serving import golden, png
from tfgan_zoo.serving.servable import WARMUP_FILE
from tfgan_zoo.watermark import Watermark
from tfgan_zoo.watermark.served import put_into
from tfgan_zoo.weights import artifact

WARMUP_BATCH_SIZES = (1, 2, 4, 8, 16, 32)
_GOLDEN_SEEDS = 8
_PNG, _TRANSLATE = "generate_png", "translate"
_DETECT = "detect_bytes"  # which decodes pictures, as `translate` does
# XLA has no codec, no strings.
_NOT_COMPILED = (_PNG, "classes", _TRANSLATE, "translate_backward", _DETECT)
_MAX_VERSION = 10**18 - 1
DTYPES = ("float32", "mixed_bfloat16")


def export(
    model: keras.Model,
    path: str | os.PathLike,
    name: str | None = None,
    version: int | None = None,
    standing_statistics: int = 0,
    warmup_batch_sizes: Sequence[int] = WARMUP_BATCH_SIZES,
    jit_compile: bool = False,
    dtype: str = "float32",
    watermark: Watermark | None = None,
) -> pathlib.Path | str:
    """Writes `<path>/<name>/<version>/` in one rename, so that nobody sees half of one.

    The SavedModel has the signatures of `model.served()`, the first also as `serving_default`, and
    the variables that `from_preset` loads, by the names of `weights.variables`: all but those of
    networks that have a moving average, which is what is served, unless a signature uses them. Its
    `assets.extra/` holds the model's options (`preset.json`), the images of a few seeds with the
    SHA-256 of their pixels (`golden.json`, `golden/`) for `tfgan-zoo verify`, and requests that a
    server runs before it says that the model is available (`tf_serving_warmup_requests`). A model that
    was trained with `privacy` has its epsilon there too (`privacy.json`); its discriminator is left in,
    since all its weights follow from clipped and noised sums.

    What turns pictures into pictures, or tells of them, decodes files of them, and decoders have had
    faults that a graph made for it could reach: who loads such an export says `trust_model=True`, or
    `--trust-model`.

    Args:
        model: A `GAN`.
        path: Folder of all models. It may be an address of TensorFlow's file systems, such as
            `gs://bucket/models`, where the graph is copied last instead of the one rename.
        name: Name to serve under; letters, digits, `_`, `-` and `.`. By default the model's name.
        version: Positive int; by default the next one.
        standing_statistics: Int. Re-estimates the moving statistics of the generator's batch
            normalization from this many batches of 64 (Brock et al. 2019, section 4.1); 0 keeps them.
        warmup_batch_sizes: Ints; the batch sizes that the server allows.
        jit_compile: Whether XLA compiles the signatures, but for `generate_png` and `classes`, whose
            codec and strings it lacks. A stock TensorFlow Serving refuses them unless it runs with
            `--xla_cpu_compilation_enabled`.
        dtype: "float32", or "mixed_bfloat16" to serve in bfloat16: faster on processors that multiply in
            it. Inputs, outputs and weights stay float32; `golden.json` then tells by how many of 255
            levels the images differ from those of float32, which is what `verify` allows.
        watermark: A `watermark.Watermark` that images of all signatures have. `preset.json` keeps the
            fingerprint of its key, and the graph what follows from the key: see docs/watermark.md.

    Returns:
        The version's folder, a `pathlib.Path`; at an address, a string.

    Raises:
        FileExistsError: The version exists, or another process wrote it in the meantime.
        OSError: The disk is full, …; nothing of it is left there.
        TypeError: A `watermark` that is none.
        ValueError: A name that cannot be served, a variable that holds NaN or infinity, another
            `dtype`, or `jit_compile` for a model that draws from texts.
    """
    name = checked_name(model.name if name is None else name)
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}. Received: {dtype!r}.")
    options = (standing_statistics, warmup_batch_sizes, jit_compile, dtype, watermark)
    if address(path):
        return _export_to(address(path), model, name, version, options)
    folder = pathlib.Path(path) / name
    if version is not None and (folder / str(_checked(version))).exists():
        raise FileExistsError(
            f"{folder / str(version)} exists. Leave the version out to write the next one."
        )
    check_finite(model)
    with doing(f"Copying {name}"):
        model = bare_copy(model, name)
    if standing_statistics:
        if not hasattr(model, "forward_seeds"):
            raise ValueError("standing_statistics is for models that draw from latents.")
        with doing("Estimating statistics"):
            _estimate_statistics(model, standing_statistics)
    exact = model
    if dtype != "float32":
        model = bare_copy(exact, name, dtype)
    put_into([exact] if exact is model else [exact, model], watermark)
    with doing(f"Writing {folder}"), told(folder), unfinished(folder, name) as temporary:
        _archive(model, jit_compile).write_out(str(temporary), verbose=False)
        _write_extra(model, exact, temporary, warmup_batch_sizes, watermark)
        _warn_of_ops(model, temporary)
        return _settled(temporary, folder, version)


def _export_to(place, model, name, version, options):
    """Writes a version on this machine, and copies it to an address."""
    remote.check(place)
    folder = posixpath.join(place, name)
    if version is None:
        version = max(remote.versions(folder), default=0) + 1
    remote.check_free(target := posixpath.join(folder, str(_checked(version))))
    with tempfile.TemporaryDirectory(prefix="tfgan_zoo_") as temporary:
        written = export(model, temporary, name, version, *options)
        with doing(f"Copying to {target}"):
            remote.upload(written, target)
    return target


def _settled(temporary, folder, version):
    """Gives what was written its number: when it is whole, since another export may have been faster."""
    while True:
        target = folder / str(_next_version(folder) if version is None else version)
        try:
            settle(temporary, target)
            return target
        except FileExistsError:
            if version is None:
                continue
            raise FileExistsError(
                f"{target} was written by another process in the meantime, and is left as it is. Leave "
                "the version out to write the next one."
            ) from None


def _next_version(folder):
    numbers = [version_of(entry) or 0 for entry in folder.iterdir()] if folder.is_dir() else []
    return max(numbers, default=0) + 1


def _checked(version):
    is_int = isinstance(version, (int, np.integer)) and not isinstance(version, bool)
    if not is_int or not 1 <= version <= _MAX_VERSION:
        raise ValueError(f"A version is an int from 1 to {_MAX_VERSION}. Received: {version!r}.")
    return int(version)


def _warn_of_ops(model, folder):
    """A model of a user's own may have ops for which others must trust it: better told here."""
    try:
        trust.check(folder)
    except trust.UntrustedModelError as error:
        if {_TRANSLATE, _DETECT} & {*model.endpoints()}:  # which decode pictures, as `export` says
            return
        problems = str(error).partition(": ")[2].partition(". It is not")[0]
        warnings.warn(
            f"The exported graph does more than compute: {problems}. Who loads it must say so: "
            "trust_model=True, or --trust-model.",
            stacklevel=4,
        )


def check_finite(model: keras.Model) -> None:
    named = weights.variables(model).items()
    bad = [name for name, v in named if not np.isfinite(np.asarray(v.numpy())).all()]
    if bad:
        raise ValueError(
            f"Not exported: {', '.join(bad[:3])}{' and others' if len(bad) > 3 else ''} hold NaN or "
            "infinity. Go back to an earlier checkpoint."
        )


def bare_copy(model: keras.Model, name: str, dtype: str = "float32") -> keras.Model:
    """The model with its state, without optimizers and strategy, under the name it is served by; all
    networks compute in this dtype policy, the averages too."""
    config = {**model.get_config(), "name": name, "dtype": dtype}
    with precision.averages_in(dtype):
        copy = type(model).from_config(config)
    weights.copy(model, copy)
    return copy


def _estimate_statistics(model, batches):
    layers = [
        layer
        for layer in model.ema_generator._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in layers]
    model.ema_generator.trainable = True  # a frozen layer keeps its statistics
    for batch in range(batches):
        for layer in layers:
            layer.momentum = batch / (batch + 1)  # so that all batches count alike
        model.forward_seeds(batch * 64 + np.arange(64), training=True)
    model.ema_generator.trainable = False
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def _archive(model, jit_compile):
    archive = ExportArchive()
    if hasattr(model, "render"):  # endpoints share its graph, which takes the longest to make
        model.render = tf.function(model.render, autograph=False)
    if jit_compile and model.condition and model.condition.spec().dtype == tf.string:
        raise ValueError(
            "jit_compile must be False for a model that draws from texts: XLA has no strings."
        )
    for name, (function, signature) in model.served().items():
        if jit_compile and name not in _NOT_COMPILED:
            function = tf.function(function, input_signature=signature, jit_compile=True)
        archive.add_endpoint(name, function, input_signature=signature)
    used, unused = archive._get_variables_used_by_endpoints()
    # `add_variable_collection` keeps lists alone, which have no names.
    kept = artifact.exported(model, [*used, *unused])
    setattr(archive._tf_trackable, artifact.COLLECTION, kept)
    return archive


# === assets.extra ===


def _write_extra(model, exact, folder, warmup_batch_sizes, watermark):
    """`exact` is the model in float32, which is what `from_preset` makes of the artifact."""
    extra, name = folder / presets.EXTRA, model.name
    extra.mkdir()
    record = {"name": name, "model": keras.saving.serialize_keras_object(exact)}
    record |= {} if watermark is None else {"watermark": watermark.public()}
    (extra / presets.RECORD).write_text(json.dumps(record, indent=2) + "\n")
    if spent := budget.as_json(model):
        write_json(extra / PRIVACY, spent)
    warmup.write(model, warmup_batch_sizes, folder / WARMUP_FILE)
    _write_golden(model, exact, folder)


def _write_golden(model, exact, folder):
    seeds, endpoints = list(range(_GOLDEN_SEEDS)), model.endpoints()
    if _PNG in endpoints:
        asked = _asked_for(model.condition, seeds)
        reference = None if exact is model else exact.generate_from_seeds(seeds, **asked)
        golden.write(folder, seeds, **asked, exact=reference)
    elif _TRANSLATE in endpoints:
        pixels = [golden.example(model.image_shape, seed) for seed in seeds]
        pictures = list(map(png.encode, pixels))
        asked, served = model.example_inputs(seeds)
        served = {name: list(map(_as_served, values)) for name, values in served.items()}
        reference = None if exact is model else exact.translate(np.stack(pixels), **asked)
        golden.write(folder, seeds, pictures=pictures, further=served, exact=reference)


def _as_served(value):
    """A further input of a golden picture: pictures as PNG files."""
    return png.encode(value) if isinstance(value, np.ndarray) else value


def _asked_for(condition, seeds):
    """The labels or texts of golden images, as JSON has them."""
    if condition is None:
        return {}
    values = condition.defaults(seeds).numpy().tolist()
    return {condition.key: [v.decode() if isinstance(v, bytes) else v for v in values]}
