"""The PNG files that a client writes.

Nothing here imports TensorFlow; `serving/client` in the repository installs these files alone.
"""

import numpy as np

from tfgan_zoo.files import atomic_write, local


def write(folder, seeds, files):
    """Writes `<folder>/seed_<seed>.png`, and returns the paths."""
    paths = [local(folder) / f"seed_{seed}.png" for seed in seeds]
    for path, content in zip(paths, files, strict=True):
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)
    return paths


def signed(signer, spec, files, seeds, asked):
    """PNG files with the content credentials of a served model, which say how each was asked for.

    Args:
        signer: `credentials.Signer`.
        spec: `Spec` of the model.
        files: List of bytes.
        seeds: List of ints.
        asked: Options of `Client.generate`.
    """
    from tfgan_zoo.credentials import Model  # whoever has a signer has the whole package

    said = {"label": asked.get("labels"), "text": asked.get("texts")}
    said["truncation"] = asked.get("truncation")
    said, found = {n: value for n, value in said.items() if value is not None}, []
    for place, (file, seed) in enumerate(zip(files, seeds, strict=True)):
        own = {name: _own(value, place) for name, value in said.items()}
        found.append(signer.sign(file, Model(spec.model, spec.version), {"seed": seed, **own}))
    return found


def _own(value, place):
    """Of one value for all or one for each, as JSON has it."""
    value = value[place] if np.ndim(value) else value
    return value.item() if isinstance(value, np.generic) else value
