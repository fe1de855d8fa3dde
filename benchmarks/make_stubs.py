"""Writes tfgan_zoo/models/__init__.pyi: what editors and type checkers know of the model classes.

The constructor of a model is made from its table `defaults`, which only a running Python can read.

python benchmarks/make_stubs.py           # writes the file
python benchmarks/make_stubs.py --check   # exits with 1 where it is stale
"""

import ast
import inspect
import json
import subprocess
import sys
import textwrap
from pathlib import Path

from tfgan_zoo import kinds, models
from tfgan_zoo.configurable import Configurable

STUB = Path(models.__file__).with_suffix(".pyi")
HEAD = '''"""The models, one paper a file. Written by `python benchmarks/make_stubs.py`."""

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.engine.players import Player
from tfgan_zoo.layers import Rng
from tfgan_zoo.losses import Objective
from tfgan_zoo.penalties import Penalty
from tfgan_zoo.presets import Preset
from tfgan_zoo.privacy import DPSGD
from tfgan_zoo.regularizers import Regularizer
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput
'''
TYPES = {  # of arguments that are no plain numbers or strings
    "name": "str | None",
    "dtype": "str | keras.DTypePolicy | None",
    "image_shape": "tuple[int, int, int]",
    "objective": "str | Objective | tuple[Callable, Callable]",
    "penalty": "str | Penalty | None",
    "regularizers": "str | Regularizer | Sequence[str | Regularizer]",
    "privacy": "DPSGD | None",
    "generator": "keras.Model | None",
    "discriminator": "keras.Model | None",
}
ATTRIBUTES = {  # of options, where they hold something else than what was given
    "objective": "Objective",
    "penalty": "Penalty | None",
    "regularizers": "tuple[Regularizer, ...]",
    "privacy": "DPSGD | None",
    "generator": "keras.Model",
    "discriminator": "keras.Model",
}
ARGUMENTS = {  # of methods, by name, where the source says nothing
    **dict.fromkeys(("n", "steps", "batch_size", "epochs", "k", "initial_epoch"), "int"),
    "steps_per_epoch": "int",
    **dict.fromkeys(("start_seed", "end_seed", "code", "steps_per_execution"), "int"),
    **dict.fromkeys(("seed", "labels"), "ArrayLike | None"),
    **dict.fromkeys(("seeds", "values"), "ArrayLike"),
    **dict.fromkeys(("latents", "styles", "fake_logits", "real_logits"), "tf.Tensor"),
    **dict.fromkeys(("path", "filepath"), "str | os.PathLike"),
    **dict.fromkeys(("g_optimizer", "d_optimizer"), "str | keras.optimizers.Optimizer | None"),
    **dict.fromkeys(("training", "shuffle", "resume", "run_eagerly", "overwrite"), "bool"),
    **dict.fromkeys(("return_dict", "load_weights"), "bool"),
    **dict.fromkeys(("real", "fake"), "DiscriminatorOutput"),
    "optimizers": "Mapping[str, keras.optimizers.Optimizer] | None",
    "jit_compile": "bool | Literal['auto']",
    "truncation": "ArrayLike",
    "truncation_cutoff": "int | None",
    "noise_mode": "Literal['const', 'random', 'none']",
    "noise_seed": "int",
    "texts": "str | Sequence[str] | None",
    "text": "str | None",
    "label": "int | str | None",
    "images": "Any",
    "batch": "dict[str, tf.Tensor]",
    "rng": "Rng",
    "logs": "dict[str, tf.Tensor]",
    "name": "str",
    "from_preset.name": "str | os.PathLike",
    "translate.styles": "Any",
    "version": "int",
    "learning_rate": "float",
    "config": "dict",
    "callbacks": "Any",
    "verbose": "int | str",
}
RETURNED = {
    **dict.fromkeys(("generate", "generate_from_seeds", "interpolate", "predict"), "np.ndarray"),
    **dict.fromkeys(("encode", "reconstruct", "traverse"), "np.ndarray"),
    **dict.fromkeys(("render", "latents_for", "sample_latents", "synthesize"), "tf.Tensor"),
    **dict.fromkeys(("styles_from_latents", "images_from_styles", "truncate"), "tf.Tensor"),
    **dict.fromkeys(("augment_images", "discriminator_logits", "reduce_loss"), "tf.Tensor"),
    **dict.fromkeys(("build_generator", "build_discriminator"), "keras.Model"),
    **dict.fromkeys(("discriminate_generated", "discriminate_images"), "DiscriminatorOutput"),
    **dict.fromkeys(("discriminator_loss", "generator_loss"), "tuple[tf.Tensor, dict]"),
    **dict.fromkeys(("discriminator_terms", "generator_terms"), "dict[str, tuple]"),
    **dict.fromkeys(("compile", "save", "build_networks"), "None"),
    **dict.fromkeys(("from_preset", "from_config"), "Self"),
    "fit": "keras.callbacks.History",
    "export": "pathlib.Path | str",
    "get_config": "dict",
    "networks": "dict[str, keras.Model]",
    "ema_pairs": "list[tuple[keras.Model, keras.Model]]",
    "players": "list[Player]",
    "default_optimizer": "keras.optimizers.Optimizer",
}
PUBLIC = [cls for cls in vars(models).values() if inspect.isclass(cls)]


def stub():
    text = HEAD + "".join(of_class(cls) for cls in sorted(PUBLIC, key=lambda cls: len(cls.__mro__)))
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(STUB), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def of_class(cls):
    """The class with its constructor, its options, and the methods that its public base lacks."""
    mro = cls.__mro__
    base = next((c for c in mro[1:] if c in PUBLIC), None)
    own = [c for c in mro if _is_ours(c) and (base is None or c not in base.__mro__)]
    said = " ".join(inspect.getdoc(cls).partition("\n\n")[0].split())
    lines = textwrap.wrap(f'"""{said}"""', 90)
    if base is None:
        lines.append("presets: dict[str, Preset]")
    options = {**cls.defaults, "name": None, "dtype": None}
    known = {} if base is None else base.defaults
    new = [name for name in cls.defaults if name not in known]
    lines += [f"{name}: {ATTRIBUTES.get(name) or type_of(cls, name)}" for name in new]
    arguments = [f"{n}: {type_of(cls, n)} = {_shown(value)}" for n, value in options.items()]
    lines.append(f"def __init__(self, {', '.join(arguments)}) -> None: ...")
    names = sorted({name for c in own for name in vars(c) if name[0] != "_"})
    texts = [(of_member(cls, name), base and of_member(base, name)) for name in names]
    lines += [text for text, text_of_base in texts if text and text != text_of_base]
    head = f"class {cls.__name__}({base.__name__ if base else 'keras.Model'}):"
    return f"\n{head}\n" + textwrap.indent("\n".join(lines), "    ") + "\n"


def _shown(value):
    """A default, where it can be read as it stands; else an ellipsis."""
    parts = value if isinstance(value, tuple) else [value]
    return "..." if any(isinstance(part, Configurable) for part in parts) else repr(value)


def _is_ours(cls):
    return cls.__module__.startswith("tfgan_zoo.")


def type_of(cls, name):
    """The type of an option, as its kind says."""
    if name in TYPES:
        return TYPES[name]
    kind = kinds.kind_of(cls.defaults[name], {**kinds.BOUNDS, **cls.bounds}.get(name, ""))
    if kind.choices:
        literal = ", ".join(json.dumps(choice) for choice in kind.choices if choice is not None)
        return f"Literal[{literal}]" + " | None" * (None in kind.choices)
    plain = "Any" if kind.number is None else kind.number.__name__
    plain = f"Sequence[{plain}]" if kind.is_sequence else plain
    return f"{plain} | None" if kind.is_optional and plain != "Any" else plain


def of_member(cls, name):
    """The first lines of a method or a property; nothing for what is neither."""
    member = inspect.getattr_static(cls, name, None)
    function = getattr(member, "fget", None) or getattr(member, "__func__", member)
    if not inspect.isfunction(function):
        return ""
    node = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]
    decorators = {property: "property", classmethod: "classmethod", staticmethod: "staticmethod"}
    node.decorator_list = [ast.Name(decorators[t]) for t in [type(member)] if t in decorators]
    node.body = [ast.Expr(ast.Constant(...))]
    _annotate(node.args, name)
    node.returns = node.returns or _parsed(RETURNED.get(name))
    return ast.unparse(node)


def _annotate(arguments, method):
    positional = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    pairs = [*zip(positional, defaults, strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for argument, default in pairs:
        known = ARGUMENTS.get(f"{method}.{argument.arg}") or ARGUMENTS.get(argument.arg)
        is_none = isinstance(default, ast.Constant) and default.value is None
        if known and is_none and known != "Any" and not known.endswith("None"):
            known += " | None"
        argument.annotation = argument.annotation or _parsed(known)
    arguments.defaults = [_default(value) for value in arguments.defaults]
    arguments.kw_defaults = [value and _default(value) for value in arguments.kw_defaults]


def _parsed(text):
    return text and ast.parse(text).body[0].value


def _default(node):
    """A default that can be read without the module that it stands in; else an ellipsis."""
    try:
        ast.literal_eval(node)
    except ValueError:
        return ast.Constant(...)
    return node


if __name__ == "__main__":
    if "--check" not in sys.argv:
        STUB.write_text(stub())
    elif not STUB.exists() or STUB.read_text() != stub():
        sys.exit(f"{STUB.name} of the models is stale: run python benchmarks/make_stubs.py")
