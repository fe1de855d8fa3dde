"""What is left of a real garment when it is edited? Projection, directions and mixed styles, measured.

    python benchmarks/editing.py --data-dir tfds
    python benchmarks/editing.py --data-dir tfds --models stylegan2_fashion_mnist

Test images of T-shirts, on which no model was trained, are projected, and moved towards dresses and
pullovers: along a direction of labelled samples, one of SeFa, one at random, and by styles of drawn
dresses and pullovers. Two networks that took no part in this look at the result: a classifier that
is trained here says what it is, and `resnet_cifar10` from which of the originals it was made. Writes
results/editing_projection.csv and editing.csv, and docs/images/editing*.png. Rows that the files have
are left out, so that it goes on where it was stopped; those of a new version of a model are new.
"""

import argparse
import functools
import os
import pathlib
import time
from typing import NamedTuple

import learned
import numpy as np
import tables

MODELS = ("stylegan2_fashion_mnist", "dcgan_fashion_mnist")
SPACES = ("w+", "w", "z")
SOURCE = 0  # T-shirts
TARGETS = {"dress": 3, "pullover": 2}
STRENGTHS = (
    0,
    0.5,
    1,
    1.5,
    2,
    3,
)  # of the distance between drawn T-shirts and targets, their means
PIXEL_WEIGHTS = (1.0, 10.0)  # of projections; edits begin at those of the last one
CHOOSER = "lenet_fashion_mnist"  # labels samples, and is the perceptual distance of the projection
IDENTITY = "resnet_cifar10"
COLOURS = {  # of methods, and markers of spaces, in the figure
    "supervised": "tab:blue",
    "means": "tab:orange",
    "SeFa": "tab:green",
    "random": "tab:gray",
    "mixing": "tab:red",
}
MARKERS = {"w+": "o", "w": "^", "z": "s"}
PICTURE = pathlib.Path(__file__).parents[1] / "docs" / "images" / "editing.png"
SHOWN = 6


class Scale(NamedTuple):
    """How much of everything."""

    images: int = 24
    steps: int = 100
    samples: int = 2000
    learned_from: int = 12_000
    epochs: int = 2


QUICK = Scale(4, 2, 600, 500, 1)


# === Those who look ===


class Judges:
    """What garments are, by a classifier trained here, and of which original an edited image is."""

    def __init__(self, given):
        self.given = given
        self.images, self.labels = learned.garments("test", given.data_dir, given.quick)
        self.originals = self.images[self.labels == SOURCE][: given.scale.images]

    @functools.cached_property
    def classifier(self):
        """A network that is neither the chooser nor was trained on anything generated."""
        import keras

        images, labels = learned.garments("train", self.given.data_dir, self.given.quick)
        many = self.given.scale.learned_from
        keras.utils.set_random_seed(1)
        network = _classifier()
        rows = images[:many] / np.float32(127.5) - 1, labels[:many]
        network.fit(*rows, batch_size=128, epochs=self.given.scale.epochs, verbose=0)
        return network

    def classes(self, images):
        rows = images / np.float32(127.5) - 1
        return self.classifier.predict(rows, batch_size=200, verbose=0).argmax(axis=1)

    @functools.cached_property
    def accuracy(self):
        return float(np.mean(self.classes(self.images) == self.labels))

    @functools.cached_property
    def middle(self):
        """The mean feature of real garments: what they share says nothing of identity."""
        return _features(self.images[:1000]).mean(axis=0)

    def units(self, images):
        """Features `[N, D]` without the mean, of length 1."""
        found = _features(images) - self.middle
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def look(self, edited, target):
        """What a table has of edited images, the first of which is the first original's."""
        classes = self.classes(edited)
        likeness = self.units(edited) @ self.units(self.originals).T
        own = np.arange(len(edited))
        return {
            "target_share": float(np.mean(classes == target)),
            "source_share": float(np.mean(classes == SOURCE)),
            "identity": float(np.mean(likeness[own, own])),
            "found_again": float(np.mean(likeness.argmax(axis=1) == own)),
        }


def _classifier():
    from keras import Sequential, layers

    pieces = [layers.Input([28, 28, 1])]
    for width in (32, 64, 128):
        pieces += [layers.Conv2D(width, 3, padding="same", use_bias=False)]
        pieces += [layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.MaxPooling2D(2)]
    network = Sequential([*pieces, layers.Flatten(), layers.Dropout(0.3), layers.Dense(10)])
    network.compile("adam", _loss())
    return network


def _loss():
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _features(images):
    from tfgan_zoo.metrics import extractors

    extractor = extractors.get(IDENTITY)
    return np.concatenate(
        [extractor(part)[0] for part in np.array_split(images, -(-len(images) // 200))]
    )


# === A model ===


class Edited:
    """A model with projections of the originals in one space.

    Args:
        name: A preset, or a folder that `from_preset` takes.
        space: "z", "w" or "w+".
        judges: `Judges`.
    """

    def __init__(self, name, space, judges):
        from tfgan_zoo import latent

        self.name, self.gan, self.judges = name, _model(name), judges
        self.scale, self.space = judges.given.scale, latent.Space(self.gan, space)
        # Directions are of w, one style for all layers, also where points are of w+.
        self.plain = latent.Space(self.gan, "z" if space == "z" else "w")

    @functools.cache  # noqa: B019  # as long as the model
    def projection(self, pixel_weight):
        """`(Projection, seconds of processors an image)`."""
        from tfgan_zoo import latent

        begun, options = time.process_time(), {"steps": self.scale.steps, "candidates": 128}
        found = latent.project(
            self.gan, self.judges.originals, self.space.name, pixel_weight=pixel_weight, **options
        )
        return found, (time.process_time() - begun) / len(found.points)

    @functools.cached_property
    def samples(self):
        """`(points [N, D], the chooser's probabilities [N, K])` of seeds."""
        points = self.plain.from_seeds(np.arange(self.scale.samples))
        return points, _chosen(self.plain.images(points))

    def means(self, target):
        """From the mean of the drawn T-shirts to that of the target class: `(direction, distance)`."""
        points, probabilities = self.samples
        classes = probabilities.argmax(axis=1)
        way = points[classes == target].mean(axis=0) - points[classes == SOURCE].mean(axis=0)
        return way / np.linalg.norm(way), np.linalg.norm(way)

    def supervised(self, target):
        from tfgan_zoo import latent

        points, probabilities = self.samples
        classes = probabilities.argmax(axis=1)
        contrast = (classes == target) * 1.0 - (classes == SOURCE)
        return latent.supervised_direction(points, contrast, middle=0.0).direction

    @functools.cache  # noqa: B019
    def moves(self, method, target):
        """A strength of 1 as a move of each point, or of all: of one length, whatever the method."""
        direction, distance = self.means(target)
        if method == "supervised":
            direction = self.supervised(target)
        if method == "SeFa":
            direction = self.of_sefa(target, distance)
        if method == "random":
            shape = [len(self.judges.originals), *direction.shape]
            direction = np.random.default_rng(0).normal(size=shape).astype(np.float32)
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        return distance * direction

    def of_sefa(self, target, distance):
        """Of the ten strongest ones, both ways, that which makes most drawn T-shirts the target."""
        from tfgan_zoo import latent

        points, probabilities = self.samples
        start = points[probabilities.argmax(axis=1) == SOURCE][:50]
        closed = latent.closed_form_directions(self.gan, 10).directions
        both = [sign * direction for direction in closed for sign in (1, -1)]
        found = []
        for direction in both:
            drawn = self.plain.images(start + distance * direction)
            found.append(_chosen(drawn)[:, target].mean())
        return both[int(np.argmax(found))]

    def images(self, method, target, strength):
        """The edited images of all originals, uint8 `[N, H, W, C]`."""
        points = self.projection(PIXEL_WEIGHTS[-1])[0].points
        if method == "mixing":
            return self.space.images(self.mixed(points, target, strength))
        moves = strength * self.moves(method, target)
        return self.space.images(
            points + (moves[..., None, :] if self.space.name == "w+" else moves)
        )

    def mixed(self, points, target, layers):
        """The first layers take the styles of a drawn garment of the target class each."""
        drawn, probabilities = self.samples
        surest = np.argsort(-probabilities[:, target])[: 4 * len(points)]
        donors = drawn[np.sort(surest)[: len(points)]]
        mixed = points.copy()
        mixed[:, :layers] = donors[:, None]
        return mixed

    def strengths(self, method):
        return range(self.gan.num_styles + 1) if method == "mixing" else STRENGTHS

    def methods(self):
        return (
            "supervised",
            "means",
            "SeFa",
            "random",
            *(["mixing"] if self.space.name == "w+" else []),
        )


def _model(name):
    import tfgan_zoo

    gan = tfgan_zoo.from_preset(name)
    if gan.image_shape != (28, 28, 1) or gan.condition is not None:
        raise SystemExit(
            f"Models that draw garments of 28x28x1 without labels are edited. {name} draws images of "
            f"{gan.image_shape}{'' if gan.condition is None else ', with labels or texts'}."
        )
    return gan


def _chosen(images):
    """The chooser's probabilities `[N, 10]`."""
    from tfgan_zoo.metrics import extractors

    extractor = extractors.get(CHOOSER)
    return np.concatenate(
        [extractor(part)[1] for part in np.array_split(images, -(-len(images) // 500))]
    )


# === Measurements ===


def measure_projection(edited, told, weight):
    from tfgan_zoo import metrics
    from tfgan_zoo.metrics import extractors

    (found, seconds), originals = edited.projection(weight), edited.judges.originals
    pairs = [x.astype(np.float32) for x in (found.images, originals)]
    row = told | {
        "images": len(originals),
        "steps": edited.scale.steps,
        "psnr": float(metrics.psnr(found.images, originals).mean()),
        "ssim": float(metrics.ssim(found.images, originals).mean()),
        "lenet_distance": float(extractors.get(CHOOSER).distance(*pairs).mean()),
        "resnet_distance": float(extractors.get(IDENTITY).distance(*pairs).mean()),
        "cpu_seconds_an_image": seconds,
    }
    looked = edited.judges.look(found.images, SOURCE)
    del looked["target_share"]
    return row | looked


def measure_edits(edited, told, method, target):
    """A row for each strength."""
    for strength in edited.strengths(method):
        images = edited.images(method, TARGETS[target], strength)
        row = told | {
            "target": target,
            "method": method,
            "strength": strength,
            "images": len(images),
        }
        yield row | edited.judges.look(images, TARGETS[target])


def measure_references(judges):
    """What identity is between garments that are not the same."""
    originals, count = judges.originals, len(judges.originals)
    others = {"the original": originals, "another T-shirt": np.roll(originals, 1, axis=0)}
    others |= {name: judges.images[judges.labels == k][:count] for name, k in TARGETS.items()}
    for name, images in others.items():
        told = {"model": "real images", "version": "", "space": "", "target": name}
        row = told | {"method": "none", "strength": 0, "images": len(images)}
        yield row | judges.look(images, TARGETS.get(name, SOURCE)) | {"accuracy": judges.accuracy}


def run(name, judges):
    """All of a model."""
    import tfgan_zoo

    given = judges.given
    folder = tfgan_zoo.presets.published(name)
    version = folder.name if folder else ""
    for space in spaces(name, given.spaces):
        edited = Edited(name, space, judges)
        told = {"model": name, "version": version, "space": space}
        for weight in PIXEL_WEIGHTS:
            asked = told | {"pixel_weight": str(weight)}
            if not is_done("editing_projection", given, asked):
                give("editing_projection", given, [measure_projection(edited, asked, weight)])
        for target in TARGETS:
            for method in edited.methods():
                asked = told | {"target": target, "method": method}
                if not is_done("editing", given, asked):
                    give("editing", given, list(measure_edits(edited, told, method, target)))
        if space == "w+" and name == given.models[0] and (not PICTURE.exists() or given.draw):
            draw(edited, given)


def spaces(name, wanted):
    from tfgan_zoo.latent.spaces import has_styles

    known = ("w+", "w") if has_styles(_model(name)) else ("z",)
    return [space for space in known if space in wanted]


# === Rows and a picture ===


def is_done(name, given, told):
    rows = [] if given.quick else tables.rows_so_far(name)
    return any(all(row[key] == value for key, value in told.items()) for row in rows)


def give(name, given, rows):
    for row in rows:
        tables.give(name, row, given.quick)


def draw(edited, given):
    """A row a garment: it, its projection, steps towards dresses and pullovers, and mixed styles."""
    from tfgan_zoo.visualization import enlarged, image_rows, write_png

    columns = [edited.judges.originals, edited.projection(PIXEL_WEIGHTS[-1])[0].images]
    for target in TARGETS.values():
        columns += [edited.images("means", target, strength) for strength in (1, 2)]
        columns += [edited.images("mixing", target, edited.gan.num_styles // 2)]
    rows = [
        [enlarged(column[k], 3) for column in columns] for k in range(min(SHOWN, len(columns[0])))
    ]
    page = image_rows(rows, gap=6)
    if not given.quick:
        write_png(PICTURE, page)


def figure(rows):
    """Draws docs/images/editing_curve.png: identity kept over the share that became the target."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9, 3.8), layout="constrained")
    panels = drawn.subplots(1, len(TARGETS), sharex=True, sharey=True)
    for axes, target in zip(panels, TARGETS, strict=True):
        lines = {}
        for row in latest(rows):
            if row["target"] == target and row["method"] != "none":
                point = float(row["target_share"]), float(row["identity"])
                lines.setdefault((row["model"], row["space"], row["method"]), []).append(point)
        for (model, space, method), points in lines.items():
            style = {"marker": MARKERS[space], "color": COLOURS[method], "markersize": 4}
            label = f"{model.removesuffix('_fashion_mnist')} {space}, {method}"
            axes.plot(*zip(*points, strict=True), label=label, **style)
        axes.set(title=f"T-shirt to {target}", xlabel="share taken for the target")
    panels[0].set_ylabel("identity: cosine with the original")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside right", fontsize=7)
    drawn.savefig(PICTURE.with_stem("editing_curve"), dpi=110)


def latest(rows):
    """The rows of the newest version of each model."""
    newest = {row["model"]: row["version"] for row in rows}
    return [row for row in rows if row["version"] == newest[row["model"]]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS, help="presets or exported folders")
    parser.add_argument("--spaces", nargs="+", default=SPACES, choices=SPACES, help="some of them")
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--core", type=int, default=0, help="the one that it runs on")
    parser.add_argument("--draw", action="store_true", help="the picture, also where there is one")
    tables.add_quick(parser)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    given.scale = QUICK if given.quick else Scale()
    judges = Judges(given)
    if "w+" in given.spaces and not is_done("editing", given, {"model": "real images"}):
        give("editing", given, list(measure_references(judges)))
    for name in given.models[: 1 if given.quick else None]:
        run(name, judges)
    if not given.quick:
        figure(tables.read_csv("editing"))


if __name__ == "__main__":
    main()
