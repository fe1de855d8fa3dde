"""Can a detector tell the zoo's images of a generator that it has never seen? Leave one model out.

    python benchmarks/forensics.py --data-dir tfds     # writes results/forensics*.csv, and draws
    python benchmarks/forensics.py --data-dir tfds --publish    # trains the detector that is shipped

All published models of Fashion-MNIST draw once into --cache. For each model a detector trains on images
of the others and is tested on those of that model. Scores that --cache has are not measured again.
"""

import argparse
import functools
import hashlib
import itertools
import json
import pathlib
import time

import forensics_figures
import numpy as np
import tables

CACHE = pathlib.Path("~/.cache/tfgan_zoo/forensics").expanduser()
DATA, SHAPE = "fashion_mnist", (28, 28, 1)
DRAWN, TRAINED, REAL_TRAINED = 2000, 400, 6_400  # of each model; of real images
REAL_TEST, LEFT_TEST, KNOWN_TEST, DEGRADED = 2000, 1000, 60, (500, 300)
METHODS = {  # arguments of forensics.train; the augmentation's probability and its largest sigma
    "convolutions": ({"epochs": 1}, None),
    "convolutions, blur and JPEG": ({"epochs": 1}, (0.5, 1.0)),
    "spectrum": ({"epochs": 4, "features": "spectrum", "attribute": False}, None),
}
CONDITIONS = ("as drawn", "JPEG 95", "JPEG 75", "JPEG 50", "blur 0.5", "blur 1", "resized to 0.5")
SHIPPED, PASSES = "fashion_mnist", 4  # the detector that comes with the package, and its epochs


# === Images ===


def models():
    """The published models that draw such images: `{name: version}`."""
    import tfgan_zoo

    found = tfgan_zoo.list_presets(trained=True).items()
    names = [name for name, preset in found if preset.dataset in (DATA, f"{DATA}_10k")]
    return {name: tfgan_zoo.presets.published(name).name for name in names}


def of_versions(cache, versions):
    """A folder for these versions: a model that was trained on has other images, and other scores."""
    told = json.dumps(versions, sort_keys=True).encode()
    return cache / hashlib.sha256(told).hexdigest()[:16]


def drawn(name, cache, count=DRAWN):
    """uint8 images of seeds 0, 1, …; drawn once."""
    import tfgan_zoo
    from tfgan_zoo import evaluation

    file = cache / f"{name}.npy"
    if not file.exists():
        images = evaluation.from_model(tfgan_zoo.from_preset(name))
        parts = [images.read(np.arange(i, i + 250))[0] for i in range(0, count, 250)]
        cache.mkdir(parents=True, exist_ok=True)
        np.save(file, np.concatenate(parts)[:count])
    return np.load(file)


@functools.cache
def real(split, count, data_dir):
    from tfgan_zoo import evaluation

    images = evaluation.from_data(DATA, split, SHAPE, data_dir)
    return images.read(images.first(count))[0]


def degraded(images, condition):
    from tfgan_zoo import forensics

    kind, value = condition.rsplit(" ", 1)
    change = {
        "as": lambda x: x,
        "JPEG": lambda x: forensics.jpeg(x, np.full(len(x), int(value))).numpy(),
        "blur": lambda x: forensics.blurred(x, np.full(len(x), float(value))).numpy(),
        "resized to": lambda x: forensics.resized(x, float(value)).numpy(),
    }[kind]
    return np.concatenate([change(images[i : i + 250]) for i in range(0, len(images), 250)])


# === Measurements ===


def trained(method, generated, given, **others):
    """A calibrated detector of real images of the training split and of the given ones."""
    from tfgan_zoo import forensics

    options, augment = METHODS[method]
    augment = augment and forensics.BlurJPEG(*augment)
    images = real("train", given.size * REAL_TRAINED // DRAWN, given.data_dir)
    parts = {name: x[: given.size * TRAINED // DRAWN] for name, x in generated.items()}
    if given.quick:  # so few images need more passes for there to be anything to calibrate
        options = options | {"epochs": 10}
    return forensics.train(images, parts, augment=augment, **{**options, **others})


def measured(method, left_out, generated, given):
    """Arrays of scores with one model left out: by condition of real images and of that model's, the
    named sources of the latter, and scores of held-out images of known models."""
    known = {name: x for name, x in generated.items() if name != left_out}
    detector = trained(method, known, given)
    found = {"threshold": detector.state["threshold"].numpy()}
    shown = real("test", REAL_TEST * given.size // DRAWN, given.data_dir)
    for condition in CONDITIONS:
        counts = (None, None) if condition == CONDITIONS[0] else DEGRADED
        for kind, images, count in zip(
            ("real", "left"), (shown, generated[left_out][:LEFT_TEST]), counts, strict=True
        ):
            answers = detector.detect(degraded(images[:count], condition))
            found[f"{kind}/{condition}"] = answers.logits
            if kind == "left" and condition == CONDITIONS[0] and detector.sources:
                found["sources"] = answers.sources
    rest = [x[TRAINED * given.size // DRAWN :][:KNOWN_TEST] for x in known.values()]
    found["known"] = detector.detect(np.concatenate(rest)).logits
    return found


def black_pixels(left_out, generated, given):
    """The same of a rule without training: the fewer pixels are 0, the more an image looks generated."""
    shown = real("test", REAL_TEST * given.size // DRAWN, given.data_dir)
    return {
        f"{kind}/{condition}": -(degraded(x[:n], condition) == 0).mean((1, 2, 3))
        for condition in CONDITIONS
        for kind, x, n in zip(("real", "left"), (shown, generated[left_out]), DEGRADED, strict=True)
    }


def rows_of(method, left_out, found):
    """Rows of the table, one for each condition."""
    from tfgan_zoo import forensics

    for condition in CONDITIONS:
        scores = [found[f"{kind}/{condition}"] for kind in ("real", "left")]
        row = {"method": method, "left_out": left_out, "condition": condition}
        row |= {"real": len(scores[0]), "generated": len(scores[1])}
        row["auc"] = round(forensics.auc(*scores), 4)
        if "threshold" in found:
            row |= _at_threshold(scores, float(found["threshold"]))
        if condition == CONDITIONS[0] and "known" in found:
            row["known_auc"] = round(forensics.auc(scores[0], found["known"]), 4)
            row["known_error"] = _error(scores[0], found["known"])
        if condition == CONDITIONS[0] and "sources" in found:
            row |= _named(found["sources"][found["sources"] != "real"])
        yield row


def _at_threshold(scores, threshold):
    from tfgan_zoo import forensics

    false, hits = (forensics.rate_above(each, threshold) for each in scores)
    return {
        "false_positives": round(false.share, 4),
        "found": round(hits.share, 4),
        "found_low": round(hits.interval[0], 4),
        "found_high": round(hits.interval[1], 4),
        "accuracy": round((1 - false.share + hits.share) / 2, 4),
        "calibration_error": _error(*scores),
    }


def _error(real_logits, logits):
    from tfgan_zoo import forensics

    pair = probabilities(real_logits, logits)
    return round(forensics.calibration_error(*pair), 4)


def probabilities(real_logits, logits):
    """Probabilities and labels of both kinds."""
    both = np.concatenate([real_logits, logits])
    return 0.5 * (1 + np.tanh(both / 2)), np.arange(len(both)) >= len(real_logits)


def _named(sources):
    """Of images that were found: how many are of none of the known models, and the model that most of
    the others were taken for."""
    names, counts = np.unique(sources, return_counts=True)
    share = dict(zip(names, counts / max(len(sources), 1), strict=True))
    none = share.pop("none of these", 0.0)
    likeliest = max(share, key=share.get, default="")
    return {
        "none_of_these": round(float(none), 4),
        "taken_for": likeliest,
        "taken_share": round(float(share.get(likeliest, 0)), 4),
    }


def scores_of(method, left_out, generated, given):
    """`measured`, or what an earlier run measured."""
    file = given.cache / "scores" / f"{method}-{left_out}.npz"
    if not file.exists() or given.quick:
        begun = time.process_time()
        rule = method == "black pixels"
        make = black_pixels if rule else functools.partial(measured, method)
        found = make(left_out, generated, given)
        print(f"{method}, without {left_out}: {time.process_time() - begun:.0f} s", flush=True)
        if given.quick:
            return found
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, **found)
    with np.load(file) as found:
        return dict(found)


def calibration_rows(found):
    """Rows of the calibration plot: bins over all left-out models, and over known ones.

    Args:
        found: `{(method, left_out): scores}`.
    """
    from tfgan_zoo import forensics

    for method in METHODS:
        each = [scores for (name, _), scores in found.items() if name == method]
        for kind, key in (("known", "known"), ("left out", f"left/{CONDITIONS[0]}")):
            reals = np.concatenate([scores[f"real/{CONDITIONS[0]}"] for scores in each])
            pair = probabilities(reals, np.concatenate([scores[key] for scores in each]))
            for row in forensics.reliability(*pair):
                numbers = {name: round(value, 4) for name, value in row._asdict().items()}
                yield {"method": method, "models": kind, **numbers}


# === The shipped detector ===


def publish(generated, given):
    """Trains the detector of all models that the package has, and measures whom it names."""
    from tfgan_zoo import forensics

    about = f"{DATA}, 28x28, grey, and {len(generated)} GANs of the zoo trained on it"
    method = list(METHODS)[1]
    detector = trained(method, generated, given, trained_on=about, epochs=PASSES)
    rest = {name: x[TRAINED:] for name, x in generated.items()}
    rest = {"real": real("test", REAL_TEST, given.data_dir), **rest}
    kinds = ["real", *generated, "none of these"]
    rows = []
    for name, images in rest.items():
        named = detector.detect(images).sources
        counts = {kind: int((named == kind).sum()) for kind in kinds}
        rows += [{"drawn_by": name, "count": len(images), **counts}]
    tables.write_csv("forensics_sources", rows)
    detector.save(forensics.SHIPPED / f"{SHIPPED}.keras")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--cache", type=pathlib.Path, default=CACHE)
    parser.add_argument("--publish", action="store_true", help="train the detector that is shipped")
    tables.add_quick(parser)
    import keras

    import tfgan_zoo

    given = parser.parse_args()
    keras.config.set_dtype_policy("float32" if given.publish else tfgan_zoo.auto_precision())
    given.size = 250 if given.quick else DRAWN
    names = dict(itertools.islice(models().items(), 3 if given.quick else None))
    given.cache = of_versions(given.cache / "quick" if given.quick else given.cache, names)
    generated = {name: drawn(name, given.cache, given.size) for name in names}
    if given.publish:
        return publish(generated, given)
    methods = (*METHODS, "black pixels")
    found = {(m, n): scores_of(m, n, generated, given) for n in names for m in methods}
    rows = [row for (method, name), each in found.items() for row in rows_of(method, name, each)]
    columns = {column: "" for row in rows for column in row}
    tables.write_csv("forensics", [columns | row for row in rows], given.quick)
    tables.write_csv("forensics_calibration", [*calibration_rows(found)], given.quick)
    if not given.quick:
        forensics_figures.draw(generated, found, real("test", REAL_TEST, given.data_dir))


if __name__ == "__main__":
    main()
