"""Sections of docs/benchmarks.md on differential privacy: what it costs, what attacks find."""

import math

from tables import measured_on, middle, read_csv, table

ATTACKS = ("discriminator", "loss", "nearest", "lira")


def privacy_scores_section():
    rows, groups = read_csv("privacy_scores"), {}
    for row in rows:
        cells = (row["data"], _budget(row), row["noise_multiplier"], f"{int(row['updates']):,}")
        groups.setdefault(cells, []).append(row)
    lines = [
        [*cells, len(found), _middle(found, "fd", "{:.0f}"), _middle(found, "cas", "{:.1%}")]
        for cells, found in sorted(groups.items(), key=_order)
    ]
    header = ["Data", "Epsilon", "Noise", "Updates of D", "Seeds", "Fréchet distance", "Accuracy"]
    return f"""## Differential privacy: what it costs

A conditional GAN of dense layers, by `tfgan_zoo.GAN(generator=…, discriminator=…)`, with and
without `privacy=DPSGD(1.0, …)`, delta 1e-5, batches of 600 in the mean and Adam at 1e-3. The
generator is updated after every update of the discriminator, or after every second where these are
noised (Bie, Kamath and Zhang 2023). The Fréchet distance is in the features of the metrics' LeNet of
the data; the accuracy, on real test images, is that of a classifier which learned from samples alone.
Medians of the seeds, and in brackets the lowest and the highest.

These trainings are short, minutes of one core, and a seed can matter as much as an epsilon between 1
and 10. What is lost by noise and what by half as many updates of the generator is not told apart.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/privacy.py scores`.

{_published()}"""


def _published():
    """What papers state of the same data, as one of them puts it together."""
    measures = ["mnist_fid", "mnist_accuracy", "fashion_mnist_fid", "fashion_mnist_accuracy"]
    lines = [
        [row["method"], row["kind"], row["epsilon"], *(row[key] or "–" for key in measures)]
        for row in read_csv("published_privacy")
    ]
    header = ["Published", "Learns by", "Epsilon"]
    header += [f"{data}, {what}" for data in ("MNIST", "garments") for what in ("FID", "accuracy")]
    return f"""What papers state at delta 1e-5: FID in Inception's features, which cannot be compared
with the distances above, and the accuracy of a convolutional classifier that learned from samples,
which can, but for the classifier. Figures of table 1 of Dockhorn et al. 2022 (arXiv:2210.09929), most of
which it takes from the papers; those of Bie, Kamath and Zhang are of their abstract (arXiv:2302.02936).

{table(header, lines)}"""


def privacy_audit_section():
    rows, lines = read_csv("privacy_audit"), []
    for row in rows:
        for attack in ATTACKS:
            found = [row[f"{attack}_{what}"] for what in ("auc", "right", "epsilon")]
            lines.append([row["data"], _budget(row), attack, *found])
    first = rows[0]
    header = ["Data", "Epsilon", "Attack", "AUC", "Right guesses", "Epsilon is above, 95 %"]
    return f"""## Differential privacy: what attacks find

Conditional GANs of dense layers (`benchmarks/privacy.py`), with and without `privacy=DPSGD(1.0,
…)`, trained for {int(first["updates"]):,} updates of the discriminator on about 100 of 200 images,
each of which was in or out by a coin: see [the attacks](privacy.md#attack-it). Epsilon is that of
the images that were in, at delta 1e-5. The loss falls as the logit rises here, so that both rank alike.
Likelihood ratios are of {first["shadows"]} shadow models. The bound holds for each attack by itself,
and is of one training each: it can be at most {_most(first["discriminator_right"]):.2f}, if all guesses
are right.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/privacy.py audit`."""


def _most(right):
    """The bound of Clopper and Pearson where all guesses are right."""
    least = 0.05 ** (1 / int(right.partition("/")[2]))
    return math.log(least / (1 - least))


def _budget(row):
    return "no privacy" if row["budget"] == "none" else f"{float(row['epsilon']):.2f}"


def _order(group):
    (data, _, _, updates), rows = group
    return data, int(updates.replace(",", "")), -float(rows[0]["epsilon"])


def _middle(rows, measure, form):
    """Of the score whose name begins so."""
    found = [float(v) for row in rows for name, v in row.items() if name.startswith(measure) and v]
    return middle(found, form)
