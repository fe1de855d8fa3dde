"""What does a mark that the generator itself draws survive, and what does it cost? On Fashion-MNIST.

    python benchmarks/fingerprint.py --data-dir tfds --precision mixed_bfloat16

The published `dcgan_fashion_mnist`, trained further with `regularizers.Fingerprint`, without it, and
on marked images; beside it the mark in the graph. Writes results/fingerprint.csv.
"""

import argparse
import pathlib
import tempfile

import learned
import numpy as np
import tables
import watermark
from watermark_attacks import attacks

PRESET, EXTRACTOR = "dcgan_fashion_mnist", "lenet_fashion_mnist"
DRAWN, COUNT, BATCH = 5000, 200, 64
SHOWN, AFTER = 180_000, 60_000  # images, with the mark and then without
SCORES = (2.5, 4.0, 6.0, 9.0)
CHANGES = ("none", "JPEG 75", "JPEG 50", "noise of 10 levels", "resized to 1/2", "autoencoder")


# === Models ===


def further(gan, given, regularizers=()):
    options = {"width": gan.get_config()["width"], "regularizers": list(regularizers)}
    return learned.continued(gan, PRESET, 0, given.precision, options)


def trained(gan, images, shown, given):
    from tfgan_zoo import datasets

    steps = 1 if given.quick else shown // BATCH
    source = datasets.array_source(images)
    gan.fit(source, batch_size=BATCH, epochs=1, steps_per_epoch=steps, verbose=0)
    return gan


def methods(given):
    """`(method, images shown, a function that gives the model)`."""
    import tfgan_zoo
    from tfgan_zoo.regularizers import Fingerprint

    images, _ = learned.garments("train", given.data_dir, given.quick)
    published = tfgan_zoo.from_preset(PRESET)
    key_file = pathlib.Path(given.folder) / "benchmark.key"
    key_file.write_text(watermark.KEY.hex() + "\n")
    marks = {score: [Fingerprint(str(key_file), score, weight=1.0)] for score in SCORES}
    marked = pixels_with_mark(images[:64] if given.quick else images)
    yield "as published", 0, lambda: published
    plans = [("trained further", images, ()), ("on marked images", marked, ())]
    plans += [(f"Fingerprint, score {score:g}", images, mark) for score, mark in marks.items()]
    plans += [(f"Fingerprint, score {s:g}, on marked images", marked, marks[s]) for s in SCORES[1:]]
    for name, data, parts in plans[: 3 if given.quick else None]:
        gan = further(published, given, parts)
        yield name, SHOWN, lambda gan=gan, data=data: trained(gan, data, SHOWN, given)
        if parts:
            told = f"{name}, then without"
            again = lambda gan=gan: trained(further(gan, given), images, AFTER, given)  # noqa: E731
            yield told, SHOWN + AFTER, again


def pixels_with_mark(images, psnr=34.0):
    """Training images with the mark in their pixels, in parts, as one graph of all would be large."""
    from tfgan_zoo.watermark import Watermark

    mark = Watermark(watermark.KEY, psnr, bits=0)
    parts = np.array_split(images, -(-len(images) // 1000))
    return np.concatenate([watermark.marked(mark, part) for part in parts])


# === What is measured ===


def measured(method, shown, drawn, real):
    """A row for each change of the images."""
    from tfgan_zoo import metrics
    from tfgan_zoo.metrics import extractors
    from tfgan_zoo.watermark import Watermark

    mark, size = Watermark(watermark.KEY, bits=0), drawn.shape[1:3]
    fd = metrics.frechet_distance(real, extractors.get(EXTRACTOR)(drawn)[0])
    for change, made, _, _ in attacks(drawn[:COUNT]):
        if change not in CHANGES:
            continue
        found = mark.detect(made, size)
        row = {"method": method, "shown": shown, "fd": round(fd, 3), "count": len(made)}
        row |= {"change": change, "score": round(float(found.score.mean()), 3)}
        row["detected"] = watermark.share(found.p_value <= watermark.LEVEL)
        yield row | {"together_detected": watermark.together(mark, made, size)}


def in_the_graph(images):
    """The mark that `export` puts in, beside."""
    from tfgan_zoo.watermark import Watermark

    for psnr in (42.0, 38.0, 34.0):
        mark = Watermark(watermark.KEY, psnr, bits=0)
        yield f"in the graph, {psnr:g} dB", 0, watermark.marked(mark, images)


def rows(given):
    from tfgan_zoo.metrics import extractors

    count = COUNT if given.quick else DRAWN
    test, _ = learned.garments("test", given.data_dir, given.quick)
    real = extractors.get(EXTRACTOR)(test[:count])[0]
    for method, shown, make in methods(given):
        drawn = make().generate(count, seed=0)
        also = in_the_graph(drawn) if method == "as published" else []
        for told in ((method, shown, drawn), *also):
            for row in measured(*told, real):
                print(row, flush=True)
                yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    parser.add_argument("--data-dir", help="where TFDS sets lie")
    parser.add_argument("--precision", default="float32")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as given.folder:
        tables.write_csv("fingerprint", list(rows(given)), given.quick)


if __name__ == "__main__":
    main()
