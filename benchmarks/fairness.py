"""Do balancing and unlearning do what they say, and what do they cost? On Fashion-MNIST.

    python benchmarks/fairness.py balance --data-dir tfds --precision mixed_bfloat16
    python benchmarks/fairness.py unlearn --data-dir tfds --precision mixed_bfloat16

`balance`: pullovers and bags, 9 to 1 on purpose; the shares, and the quality of each group, of a model
as it comes and after each remedy. `unlearn`: bags are taken out of the published model; and a hundred
images out of a model of a thousand. Runs that results/fairness_balance.csv or fairness_unlearn*.csv have
are left out, so that it goes on where it was stopped.
"""

import argparse
import functools
import os

import learned
import numpy as np
import tables

CLASSES = (2, 8)  # pullovers, bags
RARE = 9  # pullovers for a bag
IMAGES, FURTHER = 120_000, 30_000  # that a model is shown, and that one is fine-tuned on
DRAWN, GROUP = 4000, 400  # images that are classified; of a group, whose features are compared
EXTRACTOR = "lenet_fashion_mnist"
OPTIONS = {"width": 32}
BATCH = 64


# === Data ===


@functools.cache
def garments(split, data_dir):
    """`(images uint8 [N, 28, 28, 1], labels)`."""
    from tfgan_zoo import evaluation

    images = evaluation.from_data("fashion_mnist", split, (28, 28, 1), data_dir=data_dir)
    return images.read(images.first(images.count))


def of_classes(split, data_dir, wanted):
    images, labels = garments(split, data_dir)
    rows = np.isin(labels, wanted)
    return images[rows], labels[rows]


def unbalanced(data_dir):
    """Nine pullovers for a bag, labelled 0 and 1."""
    images, labels = of_classes("train", data_dir, CLASSES)
    often, rare = (np.flatnonzero(labels == k) for k in CLASSES)
    rows = np.concatenate([often, rare[: len(often) // RARE]])
    return images[rows], (labels[rows] == CLASSES[1]).astype(np.int32)


# === Training ===


def trained(gan, source, images, quick):
    gan.fit(source, batch_size=BATCH, epochs=1, steps_per_epoch=_steps(images, quick), verbose=0)
    return gan


def _steps(images, quick):
    return 1 if quick else images // BATCH


def new(seed, given, **options):
    return learned.compiled("dcgan_fashion_mnist", seed, given.precision, OPTIONS | options)


def continued(gan, seed, given, **options):
    made = OPTIONS | options
    return learned.continued(gan, "dcgan_fashion_mnist", seed, given.precision, made)


# === Balance ===


def balance(given):
    from tfgan_zoo import datasets, regularizers

    classify = _classifier()
    source = datasets.array_source(*unbalanced(given.data_dir))
    even = datasets.balanced(source)
    everything = datasets.array_source(of_classes("train", given.data_dir, CLASSES)[0])
    target = np.zeros(10)
    target[list(CLASSES)] = 0.5
    for seed in range(1 if given.quick else given.seeds):
        plain = functools.cache(
            lambda seed=seed: trained(new(seed, given), source, IMAGES, given.quick)
        )
        add = functools.partial(measure_balance, seed, given, target)
        add("as the data", lambda plain=plain: drawn(plain()))
        add("seeds", lambda plain=plain: resampled(plain(), classify, target))
        add(
            "sampling",
            lambda seed=seed: drawn(trained(new(seed, given), even, IMAGES, given.quick)),
        )
        shares = regularizers.ClassShares(EXTRACTOR, target, weight=1.0)
        for name, data, parts in (
            ("fine-tuning by sampling", even, []),
            ("fine-tuning by sampling and shares", even, [shares]),
        ):
            make = functools.partial(continued, seed=seed, given=given, regularizers=parts)
            add(
                name,
                lambda make=make, data=data, plain=plain: drawn(
                    trained(make(plain()), data, FURTHER, given.quick)
                ),
            )
        add(
            "balanced data",
            lambda seed=seed: drawn(trained(new(seed, given), everything, IMAGES, given.quick)),
        )


def drawn(gan):
    return gan.generate(DRAWN, seed=0)


def resampled(gan, classify, target):
    from tfgan_zoo import latent

    return gan.generate_from_seeds(latent.balanced_seeds(gan, classify, target, DRAWN // 2))


def _classifier():
    from tfgan_zoo.metrics import extractors

    extractor = extractors.get(EXTRACTOR)
    return lambda images: extractor(images)[1].argmax(axis=1)


def measure_balance(seed, given, target, method, make):
    """A row, unless the file has it."""
    from tfgan_zoo import evaluation, metrics

    if given.quick and method == "seeds":
        return  # an untrained model draws neither
    if is_done("fairness_balance", given, method=method, seed=str(seed)):
        return
    test, test_labels = of_classes("test", given.data_dir, CLASSES)
    (features, labels), (real, real_labels) = seen(make()), seen(test)
    found = evaluation.bias(labels, real_labels, 10, target)
    groups = evaluation.group_quality(*first_of_each(features, labels), real, test_labels, 10)
    row = {"method": method, "seed": seed, "from_target": found.from_target}
    for name, k in zip(("often", "rare"), CLASSES, strict=True):
        share, group = found.classes[k], groups[k]
        row |= {f"{name}_share": share.generated, f"{name}_images": group.generated}
        row |= {f"{name}_fd": group.distance, f"{name}_recall": group.recall}
    row["fd"] = metrics.frechet_distance(real, features[: DRAWN // 2])
    give("fairness_balance", given, row)


def seen(images):
    """`(features, the most probable classes)`."""
    from tfgan_zoo.metrics import extractors

    extractor = extractors.get(EXTRACTOR)
    pairs = [extractor(part) for part in np.array_split(images, -(-len(images) // 500))]
    features, probabilities = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return features, probabilities.argmax(axis=1)


def first_of_each(features, labels):
    """At most `GROUP` of each class, so that distances compare."""
    rows = np.concatenate([np.flatnonzero(labels == k)[:GROUP] for k in range(10)])
    return features[rows], labels[rows]


# === Unlearning ===


def unlearn(given):
    unlearn_class(given)
    unlearn_images(given)


def unlearn_class(given):
    """Bags are taken out of the published model."""
    import tfgan_zoo
    from tfgan_zoo import datasets, regularizers

    kept = [k for k in range(10) if k != CLASSES[1]]
    source = datasets.array_source(of_classes("train", given.data_dir, kept)[0])
    target = np.where(np.arange(10) == CLASSES[1], 0, 1 / 9)
    parts = {
        "fine-tuned without it": [],
        "and its share set to 0": [regularizers.ClassShares(EXTRACTOR, target, weight=1.0)],
        "and its share set to 0, weight 10": [regularizers.ClassShares(EXTRACTOR, target, 10.0)],
    }
    published = tfgan_zoo.from_preset("dcgan_fashion_mnist")
    measure_class("as published", 0, published, kept, given)
    for seed in range(1 if given.quick else given.seeds):
        for method, terms in parts.items():
            for images in (FURTHER // 3, FURTHER):
                gan = continued(published, seed, given, width=64, regularizers=terms)
                make = functools.partial(trained, gan, source, images, given.quick)
                measure_class(method, images, make, kept, given, seed)
    fresh = functools.partial(trained, new(0, given, width=64), source, IMAGES, given.quick)
    measure_class("trained anew without it", IMAGES, fresh, kept, given)


def measure_class(method, images, make, kept, given, seed=0):
    """The share of the class, and the distance of all else to test images of the other classes."""
    from tfgan_zoo import metrics

    told = {"method": method, "images": images, "seed": seed}
    if is_done("fairness_unlearn", given, **{k: str(v) for k, v in told.items()}):
        return
    gan = make if hasattr(make, "generate") else make()
    features, labels = seen(drawn(gan))
    real, _ = seen(of_classes("test", given.data_dir, kept)[0])
    others = features[labels != CLASSES[1]]
    row = told | {"share": float(np.mean(labels == CLASSES[1]))}
    distances = [metrics.frechet_distance(real, x) for x in (features, others)]
    row |= dict(zip(("fd", "fd_others"), distances, strict=True))
    row["recall_others"] = metrics.recall(real, others)[0]
    give("fairness_unlearn", given, row)


KNOWN, FORGOTTEN, SHOWN = 1000, 100, 60_000


def unlearn_images(given):
    """A hundred images are taken out of a model of a thousand: are they known still?"""
    from tfgan_zoo import datasets

    images, _ = garments("train", given.data_dir)
    known, rest, unseen = (
        images[:KNOWN],
        images[FORGOTTEN:KNOWN],
        garments("test", given.data_dir)[0],
    )
    for seed in range(1 if given.quick else given.seeds):
        first = trained(new(seed, given), datasets.array_source(known), SHOWN, given.quick)
        measure_images("trained with them", 0, first, known, unseen, given, seed)
        gan = continued(first, seed, given)
        for total in (SHOWN // 4, SHOWN):
            before = 0 if total < SHOWN else SHOWN // 4
            trained(gan, datasets.array_source(rest), total - before, given.quick)
            measure_images("fine-tuned without them", total, gan, known, unseen, given, seed)
        fresh = trained(new(seed, given), datasets.array_source(rest), SHOWN, given.quick)
        measure_images("trained anew without them", SHOWN, fresh, known, unseen, given, seed)


def measure_images(method, images, gan, known, unseen, given, seed):
    from tfgan_zoo import metrics

    told = {"method": method, "images": images, "seed": seed}
    if is_done("fairness_unlearn_images", given, **{k: str(v) for k, v in told.items()}):
        return
    of_forgotten, of_kept, of_unseen = (
        logits(gan, x) for x in (known[:FORGOTTEN], known[FORGOTTEN:], unseen[:1000])
    )
    row = told | {
        "auc_forgotten": above(of_forgotten, of_unseen),
        "auc_kept": above(of_kept, of_unseen),
    }
    row["fd"] = metrics.frechet_distance(
        seen(unseen[:2000])[0], seen(gan.generate(2000, seed=0))[0]
    )
    give("fairness_unlearn_images", given, row)


def logits(gan, images):
    found = gan.discriminator.predict(images / np.float32(127.5) - 1, batch_size=200, verbose=0)
    return np.ravel(found)


def above(values, others):
    """The share of pairs in which the first is the larger: the area under the attacker's curve."""
    return float(np.mean(values[:, None] > others) + np.mean(values[:, None] == others) / 2)


# === Rows ===


def is_done(name, given, **told):
    rows = [] if given.quick else tables.rows_so_far(name)
    return any(all(row[key] == value for key, value in told.items()) for row in rows)


def give(name, given, row):
    tables.give(name, row, given.quick, precision=given.precision)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["balance", "unlearn"])
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0, help="the one that it runs on")
    parser.add_argument("--precision", default="float32")
    tables.add_quick(parser)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    {"balance": balance, "unlearn": unlearn}[given.what](given)


if __name__ == "__main__":
    main()
