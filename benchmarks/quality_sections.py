"""Sections of docs/benchmarks.md on what models learn: modes kept, texts shown. See make_tables.py."""

import math
import statistics

from tables import measured_on, middle, read_csv, short, table

TOPS = ("top_1", "chance_1", "top_10", "chance_10")


def modes_gaussians_section():
    rows = read_csv("modes_gaussians")
    lines = _scores(rows, {"modes": "{:.3g}", "hit": "{:.3g}", "good": "{:.1%}", "kl": "{:.3f}"})
    header = ["Method", "Steps", "Seeds", "Learned of 25", "Hit", "Near a mode", "KL"]
    return f"""## Modes kept: 25 Gaussians

A mixture of 25 Gaussians on a grid of spacing 2, each of deviation 0.05, learned by two networks of two
hidden layers with 128 units and two latents, with batches of 64 and Adam(1e-3, beta_1=0.5), by the same
training step as every image model. Of 2,500 points: how many modes are learned, with a tenth of an equal
share of the points, 10, within three deviations; how many are hit, by one such point, which is what
papers count, although points spread evenly over the square hit 23 of 25 on average; which share of the
points lies that near to a mode; and the divergence of the modes' shares from equal ones, each point
counted for the mode it is nearest to. Medians over the seeds, and in brackets the lowest and highest.
"Plain" is also the unrolled discriminator with k = 0; WGAN-GP has 5 critic updates a step, and
Adam(1e-3, 0, 0.9). Nothing was tuned. The plain GAN is no weak opponent here: with equal rates and small
networks it loses few modes, and no remedy learns more. The gradient penalties share the points most
evenly; unrolling, minibatch discrimination and spectral normalization learn fewer modes than it. Where
the plain GAN does collapse, [on the ring](#modes-kept-a-ring-of-8-gaussians), unrolling saves it.

{table(header, lines)}

![Points of every method](images/modes.png)

{measured_on(rows)} Command: `python benchmarks/modes.py gaussians`."""


def modes_ring_section():
    rows = read_csv("modes_ring")
    lines = _scores(rows, {"modes": "{:.3g}", "hit": "{:.3g}", "good": "{:.1%}", "kl": "{:.3f}"})
    header = ["Method", "Steps", "Seeds", "Learned of 8", "Hit", "Near a mode", "KL"]
    return f"""## Modes kept: a ring of 8 Gaussians

The experiment of "Unrolled Generative Adversarial Networks" (section 3.1, appendix A): deviations 0.02
on a circle of radius 2, 256 latents, a discriminator of one hidden layer, the minimax objective, batches
of 512, and Adam(1e-4, beta_1=0.5) for both. A mode is learned that 31 of 2,500 points are near to. As in
the paper, the plain GAN collapses and unrolled ones keep all modes; ten steps spread the points less
tightly than five.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/modes.py ring`."""


def modes_digits_section():
    rows = read_csv("modes_digits")
    lines = _scores(rows, {"modes": "{:.4g}", "kl": "{:.3f}"})
    return f"""## Modes kept: stacked digits

Three digits of MNIST in the channels of an image of 28x28: 1,000 modes. A small DCGAN draws 25,600, and
the classifier of the metrics reads them: how many of the numbers are there, and the divergence of their
shares from equal ones. Medians over the seeds, and in brackets the lowest and highest. The critic has a
quarter of the generator's width, as in the half of Metz et al.'s experiment (section 3.3.1) where GANs
lose most. As that paper claims, unrolling keeps more modes than the plain GAN, in the median, and shares
the samples more evenly. That ten steps do more than five shows in the modes of two seeds of three only,
and not in the divergence: differences are small here, where the plain GAN keeps nine modes in ten.
Minibatch discrimination is best with one seed and among the worst with the other. Penalties on gradients
help the shares, little the modes. A critic under spectral normalization learns slowly with so few
channels, eight and sixteen: after 1,500 steps digits are only beginning, and after 6,000 it keeps nearly
as many modes as the plain GAN.

{table(["Method", "Steps", "Seeds", "Modes of 1,000", "KL"], lines)}

{measured_on(rows)} Command: `python benchmarks/modes.py digits --steps 1500 --seeds 3`."""


def equal_minutes_section():
    rows = read_csv("equal_minutes")
    measure, recall = (next(c for c in rows[0] if c.startswith(name)) for name in ("fd", "recall"))
    values, recalls, seen = {}, {}, {}
    for row in (row for row in rows if int(row["seed"]) < 3):
        place = row["method"], float(row["minutes"])
        values.setdefault(place, []).append(float(row[measure]))
        recalls.setdefault(place, []).append(float(row[recall]))
        seen.setdefault(place, []).append(int(row["images"]))
    minutes = sorted({minute for _, minute in values})
    lines = [
        [
            method,
            *(middle(values[method, minute], "{:.3g}") for minute in minutes),
            middle(recalls[method, minutes[-1]], "{:.3f}"),
            f"{statistics.median(seen[method, minutes[-1]]):,.0f}",
        ]
        for method in dict.fromkeys(row["method"] for row in rows)
    ]
    header = ["Model", *(f"{minute:g} min" for minute in minutes), "recall then", "images seen"]
    return f"""## Equal minutes: few pictures

3,583 emoji of 64 pixels, learned for the same minutes of one core in {rows[0]["precision"]}: the
presets `stylegan2_emoji_64` (ADA), `fastgan_emoji_64` (DiffAugment: color, translation) and
`projected_gan_emoji_64` (DiffAugment), and a DCGAN of 32 channels with DiffAugment, batches of 32 and an
average of decay 0.999. `{measure}` of as many images of the average as there are pictures, in the
features of a classifier of CIFAR-10: no model is trained against them, as ProjectedGAN is against
EfficientNet-Lite0's. Compiling and evaluations are not counted. Medians of three seeds, and in brackets
the lowest and the highest; recall and images are those of the longest runs.

FastGAN is ahead from the third minute on, and at the end by little: DCGAN, which has seen seven times
as many images by then, comes near in distance, with a fifth less recall. How little depends on the
processor. On one without matrix units (AMD EPYC, 2026-12-01) all four saw fewer images, DCGAN less than
half, and after six minutes FastGAN had 3.6 and DCGAN 7.7. Before three minutes the numbers mislead:
blurs without any recall are nearer to the set than the first shapes of a DCGAN. ProjectedGAN is the
nearest after 45 seconds and then hardly goes on in these minutes; StyleGAN2, which sees an eighth of
DCGAN's images, has learned nothing yet, and is worse for having begun. Over hours the order may be
another.

{table(header, lines)}

![Distance over minutes](images/equal_minutes.png)
{_further(rows, measure, values)}
{measured_on(rows)} Command: `python benchmarks/equal_minutes.py --precision {rows[0]["precision"]}`."""


def _further(rows, measure, values):
    """Whether runs of further seeds lie where the first ones let one expect."""
    last = max(float(row["minutes"]) for row in rows)
    lines = []
    for row in rows:
        if int(row["seed"]) >= 3 and float(row["minutes"]) == last:
            low, high = expected(values[row["method"], last])
            value = float(row[measure])
            words = "within" if low <= value <= high else "outside"
            lines.append(
                [row["method"], row["seed"], *map("{:.3g}".format, (low, high, value)), words]
            )
    if not lines:
        return ""
    header = ["Model", "Seed", "from", "to", "found", ""]
    return f"""
Runs again, with a seed of their own: where 95 % of further runs of {last:g} minutes are expected after
the three (Student's t of the logarithms, two degrees of freedom), and what came.

{table(header, lines)}
"""


def expected(values):
    """The 95 % interval of one further value, from the logarithms of three."""
    logs = [math.log(value) for value in values]
    reach = 4.303 * statistics.stdev(logs) * math.sqrt(1 + 1 / len(logs))
    middle = statistics.mean(logs)
    return math.exp(middle - reach), math.exp(middle + reach)


def transfer_section():
    rows = read_csv("transfer")
    values = {}
    for row in rows:
        found = values.setdefault((row["method"], int(row["step"])), [])
        found.append(float(row["value"]))
    steps = sorted({step for _, step in values})
    lines = [
        [method, *(middle(values[method, step], "{:.3g}") for step in steps)]
        for method in dict.fromkeys(row["method"] for row in rows)
    ]
    return f"""## Fine-tuning

`stylegan2_fashion_mnist`, which draws garments, learns digits from 300 pictures of MNIST: from its
weights, with the first four layers of its discriminator frozen too, and the same model anew. All have
DiffAugment and batches of 32. `{rows[0]["metric"]}` of the moving average after so many steps: the
median of three seeds, and in brackets the lowest and the highest. 5,000 generated pictures are held
against 5,000 of the test split.

{table(["Weights", *(f"{step} steps" for step in steps)], lines)}

![Distance over steps](images/transfer.png)

{measured_on(rows)} Command: `python benchmarks/transfer.py`."""


def text_retrieval_section():
    rows = read_csv("text_retrieval")
    lines = [
        [row["captions"], row["images"], *(f"{float(row[key]):.1%}" for key in TOPS)]
        for row in rows
    ]
    header = ["Captions", "Images", "First", "By chance", "Among ten", "By chance"]
    name, count = rows[0]["model"], rows[0]["count"]
    return f"""## Images of captions

How often the caption that an image of `{name}` was drawn of is the one, or among the ten, that a
classifier holds nearest to it, of {count} captions. The classifier, an encoder of images and one of
captions, has seen only real images, of the captions that the model was trained on ("train"); the
others, chosen by a hash, were kept from both. Real images are the most that this classifier can find;
those of another caption must be near chance.

{table(header, lines)}

![Ten images of each of ten captions](images/{name}_texts.png)

The captions are red apple, green heart, blue heart, black sun with rays, clock face three oclock,
smiling face with open mouth, dog face, tulip, automobile and full moon symbol.

{measured_on(rows)} Command: `python benchmarks/text_retrieval.py measure {name} --data DIRECTORY`."""


def caption_words_section():
    rows = read_csv("caption_words")
    found = {(row["attribute"], row["images"]): row for row in rows}
    kinds = list(dict.fromkeys(row["images"] for row in rows))
    lines = [
        [attribute.replace("_", ", "), f"{int(found[attribute, kinds[0]]['named']):,}"]
        + [f"{float(found[attribute, kind]['right']):.1%}" for kind in kinds]
        for attribute in dict.fromkeys(row["attribute"] for row in rows)
    ]
    header = ["Attribute", "Captions that name it", *map(str.capitalize, kinds)]
    name, count = rows[0]["model"], int(rows[0]["count"])
    return f"""### Word by word

Which words of a caption `{name}` draws: what a classifier, trained on the real training images, sees
in an image, beside the word of the caption, of those of {count:,} test captions that name the
attribute; each leaves out a third of what there is to say. Real images are the most that this
classifier can find; the generated ones beside captions that they were not drawn of are chance.

{table(header, lines)}

![Ten images of each of ten captions](images/{name}_texts.png)

The first eight captions are the model's own `default_texts`, which name up to five things; then "long
blond hair, sunglasses" and "green clothes".

{measured_on(rows)} Command: `python benchmarks/caption_words.py {name} --data ./avatars32`."""


def precision_section():
    rows = read_csv("precision_quality")
    groups = {}
    for row in rows:
        both = groups.setdefault((row["preset"], int(row["step"])), {})
        both.setdefault(row["precision"], []).append(row)
    lines = []
    for (preset, step), both in groups.items():
        found = [both["float32"], both["mixed_bfloat16"]]
        times = [statistics.median(float(row["seconds"]) for row in part) for part in found]
        distances = [middle([float(row["value"]) for row in part], "{:.3g}") for part in found]
        lines.append([preset, f"{step:,}", len(found[0]), *distances, *map(short, times)])
    header = ["Preset", "Steps", "Seeds", "float32", "bfloat16", "Seconds, float32", "bfloat16"]
    return f"""## Quality in bfloat16

The Fréchet distance of 5,000 generated images to Fashion-MNIST's test images, in the features of the
metrics' LeNet (`{rows[0]["metric"]}`), while presets train in `float32` and in `mixed_bfloat16`: the
same seeds, data and numbers of steps. Medians over the seeds, and in brackets the lowest and highest;
seconds of training until then, evaluation left out.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/precision_quality.py`.

Losses of one seed, means of 20 steps, trained plainly, in float32 with Keras's own Adam and TensorFlow's
own convolutions, and in the fastest way, from the same weights on the same data:

![Losses of both ways](images/precision_losses.png)

{measured_on(read_csv("precision_losses"))} Command: `python benchmarks/precision_losses.py`."""


def _scores(rows, formats):
    """A line for each method and number of steps: how many seeds, and each score's middle and range."""
    groups = {}
    for row in rows:
        groups.setdefault((row["method"], row["steps"]), []).append(row)
    lines = []
    for (method, steps), group in groups.items():
        values = {name: [float(row[name]) for row in group] for name in formats}
        cells = [middle(values[name], form) for name, form in formats.items()]
        lines.append([method, f"{int(steps):,}", len(group), *cells])
    return lines
