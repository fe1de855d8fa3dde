"""Sections of docs/benchmarks.md on trust: telling generated images apart. See make_tables.py."""

import statistics

from tables import measured_on, read_csv, table

_DRAWN = "as drawn"


def _by(rows, *keys):
    return {tuple(row[key] for key in keys): row for row in rows}


def _short(name):
    return name.removesuffix("_fashion_mnist")


def forensics_section():
    rows = read_csv("forensics")
    methods = [*dict.fromkeys(row["method"] for row in rows)]
    models = [*dict.fromkeys(row["left_out"] for row in rows)]
    found = _by(rows, "method", "left_out", "condition")
    lines = [_of_model(found, methods, model) for model in models]
    each = ("", ", blur and JPEG")
    auc, known, share, error, known_error = (
        [_middle(rows, method, key) for method in methods[:2]]
        for key in ("auc", "known_auc", "found", "calibration_error", "known_error")
    )
    most = [_middle(rows, method, "calibration_error", max) for method in methods[:2]]
    header = ["Left out", *(f"AUC, {method}" for method in methods)]
    header += [f"Found{kind}" for kind in each] + [f"ECE{kind}" for kind in each]
    header += [f"Accuracy{kind}" for kind in each] + ["None of these", "Else taken for"]
    return f"""## Generated images of a model that the detector has not seen

{len(models)} published models of Fashion-MNIST. For each, detectors train on 400 images of each of the
others and on 6,400 real training images, a fifth of which calibrates, and are tested on 1,000 images of
the one that was left out and 2,000 real images of the test split, on which no GAN and no detector
trained. Both kinds are uint8 of 28x28, and go through the same operations, and through no file.
"Convolutions" is a network of three layers; "blur and JPEG" is the same, trained on images of which
half are blurred (sigma up to 1) and half are JPEG files of quality 30 to 100, as in Wang et al. (2020),
whose sigma of up to 3 is for crops of 224 pixels; "spectrum" is a logistic regression on the radially
averaged power (Durall et al. 2020); "black pixels" is no detector, but the share of pixels that are 0.
"Found" is the share of generated images above the threshold that lets 1 % of held-out real images pass,
with its 95 % interval, and accuracy the mean of that share and of the share of the test's real images
below the threshold; ECE is the expected calibration error of probabilities for as many real as generated
images. "None of these" is the share of the images found that are, rightly, given to no known model, by
the detector without augmentation, and the last column the known model that most others are given to.
One pass over the images, one seed.

{table(header, lines)}

Images as drawn of a model that was not seen are ranked nearly as well as those of known ones: the
median AUC is {auc[0]:.3f} against {known[0]:.3f}, with blur and JPEG in training {auc[1]:.3f} against
{known[1]:.3f}; and not because of the number of black pixels alone. That says little of generators from
elsewhere: several models here share networks (DCGAN, LSGAN, WGAN), and all share data and code. And what
is found is fine: to the network without augmentation a JPEG of quality 95 makes nearly half of the real
images look generated, and a blur or a resize all of them. Training on blurred and recompressed images
keeps most real images on their side after JPEG, at the price of what is found in untouched ones,
{share[1]:.0%} in the median in place of {share[0]:.0%}; after a blur or a resize it fails too. A
threshold is worth something for images that went the same way as those it was set on:

{_conditions(rows, methods)}

AUC is the median over the models that were left out; in brackets the share of real images, changed
alike, above the threshold, which was set on images as drawn and should let 1 % pass.

![Calibration](images/forensics_calibration.png)

Over all models together, probabilities hold nearly as well where a model was left out (red) as where it
was known (blue); for a single one that was left out the ECE is up to {most[0]:.3f}, with blur and JPEG
{most[1]:.3f} (in the median {error[0]:.3f} and {error[1]:.3f}; for known ones {known_error[0]:.3f} and
{known_error[1]:.3f}). Below 0.2 the baseline's say little.

![Images that are told wrong](images/forensics_mistakes.png)

By the detector without augmentation: in the first row the real images that look most generated, below
it, a row for each model that was left out, the generated ones that look most real.

{measured_on(rows)} Command: `python benchmarks/forensics.py`."""


def _middle(rows, method, key, make=statistics.median):
    """The median over the models that were left out, of images as drawn; or what `make` gives."""
    rows = [row for row in rows if (row["method"], row["condition"]) == (method, _DRAWN)]
    return make(float(row[key]) for row in rows)


def _of_model(found, methods, model):
    rows = [found[method, model, _DRAWN] for method in methods]
    networks = rows[:2]
    hits = [
        f"{float(row['found']):.1%} ({float(row['found_low']):.1%} to {float(row['found_high']):.1%})"
        for row in networks
    ]
    numbers = [f"{float(row['calibration_error']):.3f}" for row in networks]
    numbers += [f"{float(row['accuracy']):.1%}" for row in networks]
    taken = rows[0]["taken_for"]
    other = f"{_short(taken)} ({float(rows[0]['taken_share']):.0%})" if taken else "-"
    aucs = [f"{float(row['auc']):.3f}" for row in rows]
    return [_short(model), *aucs, *hits, *numbers, f"{float(rows[0]['none_of_these']):.0%}", other]


def _conditions(rows, methods):
    lines = []
    for condition in dict.fromkeys(row["condition"] for row in rows):
        line = [condition]
        for method in methods:
            own = [r for r in rows if (r["method"], r["condition"]) == (method, condition)]
            text = f"{statistics.median(float(row['auc']) for row in own):.3f}"
            if own[0]["false_positives"]:
                text += f" ({statistics.median(float(r['false_positives']) for r in own):.1%})"
            line.append(text)
        lines.append(line)
    return table(["Images", *methods], lines)


def sources_section():
    rows = read_csv("forensics_sources")
    kinds = [key for key in rows[0] if key in {row["drawn_by"] for row in rows}]
    kinds.append("none of these")
    lines = [
        [_short(row["drawn_by"]), *(f"{int(row[kind]) / int(row['count']):.0%}" for kind in kinds)]
        for row in rows
    ]
    return f"""## Which model drew an image

The confusion matrix of the detector that comes with the package, `fashion_mnist`, which is trained with
blur and JPEG, over images that it did not train on: a row for what drew them, a column for what the
detector says. "None of these" is said where the likeliest model is less likely than it is for 95 % of
held-out images of known models.

{table(["", *map(_short, kinds)], lines)}

{measured_on(rows)} Command: `python benchmarks/forensics.py --publish`."""
