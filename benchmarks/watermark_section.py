"""The section of docs/benchmarks.md on watermarks."""

from tables import RESULTS, measured_on, read_csv, table


def watermark_section():
    rows = read_csv("watermark")
    parts = [_of_images(name, rows) for name in dict.fromkeys(row["images"] for row in rows)]
    others = [make() for name, make in _MORE.items() if (RESULTS / f"{name}.csv").exists()]
    return "\n\n".join([_INTRODUCTION, *parts, *others, _COMMAND.format(measured_on(rows))])


_INTRODUCTION = """## Watermarks

Images that published models drew, and photographs, marked, then changed. In each cell: the share of
single images whose p-value is at most 1e-6, and in brackets the share of the number's bits that are
read right; then, of the package's own, the share of sets of ten images that are told as sets.
`claim` is the test of a number that is given, in place of looked for. JPEG is Pillow's, with its
chroma subsampling. A crop keeps 80% of each side, 64% of the area, and stays as small; the search
over its places is paid for in the p-value. Images that were resized stay so, and the detector is
told the size that they had. PSNR and SSIM are those of the marked pixels against the same without
mark.

`dwtDct`, `dwtDctSvd` and `rivaGan` are the methods of the package invisible-watermark, and
`blind_watermark` is blind-watermark with its default passwords, each with as many random bits as
the column says; their mark counts as found where more bits fit than chance has at 1e-6, by the
exact binomial tail: 30 of 32, or 51 of 64. They have no other test. They are shown resized images
brought back to their size, and crops at their true places in a black image, which a user of theirs
would have to know. invisible-watermark refuses images of fewer pixels than 256x256."""

_COMMAND = "{} Command: `python benchmarks/watermark.py`."


def _of_images(name, rows):
    rows = [row for row in rows if row["images"] == name]
    columns = list(dict.fromkeys(_column(row) for row in rows if not _refused(row)))
    attacks = list(dict.fromkeys(r["attack"] for r in rows if not _refused(r)))
    found = {(row["attack"], _column(row)): row for row in rows}
    lines = [[a, *(_cell(found.get((a, c))) for c in columns)] for a in attacks]
    lines.insert(0, ["PSNR, SSIM", *(_quality(rows, c) for c in columns)])
    refused = [f"{row['method']} {row['attack'].rstrip('.')}." for row in rows if _refused(row)]
    told = [f"### {name}, {_counts(rows)}", table(["", *map(_head, columns)], lines)]
    return "\n\n".join([*told, *refused])


def _counts(rows):
    counts = list(dict.fromkeys(row["count"] for row in rows))
    return f"{counts[0]} images" + (f", {counts[1]} of the others" if counts[1:] else "")


def _column(row):
    return row["method"], row["bits"], row["psnr"]


def _head(column):
    return f"{column[0]}, {column[1]} bits"


def _refused(row):
    return row["attack"].startswith("refuses")


def _quality(rows, column):
    row = next(row for row in rows if _column(row) == column)
    return f"{row['psnr']} dB, {row['ssim']}" if row["psnr"] else ""


def _cell(row):
    if row is None:
        return ""
    text = f"{float(row['detected']):.1%}"
    text += f" ({float(row['bits_right']):.1%})" if row["bits_right"] else ""
    if row["claim_detected"] and row["bits"] != "0":
        text += f"; claim {float(row['claim_detected']):.1%}"
    return text + (
        f"; ten {float(row['together_detected']):.0%}" if row["together_detected"] else ""
    )


def _null():
    rows, levels = read_csv("watermark_null"), ("0.1", "0.01", "0.001", "0.0001")
    lines = [
        [
            row["images"],
            f"{int(row['keys']):,}",
            f"{row['mean']}, {row['deviation']}",
            *(f"{row[f'above_{level}']}; {row[f'p_value_{level}']}" for level in levels),
        ]
        for row in rows
    ]
    header = ["Images without mark", "Keys", "Mean, deviation", *levels]
    return f"""### Without a mark

Scores of images, each by a key of its own. Under each level, which share of the scores lies above the
normal quantile of that level, and which share of the p-values lies at or below the level; these are
bounds, so that it is less. The p-values of the tables above are further multiplied by the number of
places and numbers that were tried.

{table(header, lines)}"""


def _fd():
    rows = read_csv("watermark_quality")
    lines = [[r["model"], r["psnr"], r["fd_plain"], r["fd_marked"]] for r in rows]
    return f"""### Fréchet distance of marked images

Of {int(rows[0]["count"]):,} images with 8 bits from as many real ones, in features of
`lenet_fashion_mnist`.

{table(["Model", "PSNR, dB", "Without", "Marked"], lines)}"""


def _fingerprints():
    rows = read_csv("fingerprint")
    changes = list(dict.fromkeys(row["change"] for row in rows))
    methods = dict.fromkeys((r["method"], int(r["shown"]), float(r["fd"])) for r in rows)
    found = {(row["method"], row["change"]): row for row in rows}
    lines = [
        [name, f"{shown:,}" if shown else "", f"{fd:.1f}", found[name, changes[0]]["score"]]
        + [_shares(found[name, change]) for change in changes]
        for name, shown, fd in methods
    ]
    header = ["Model", "Images shown", "Fréchet distance", "Mean score", *changes]
    return f"""### Marks that a generator draws itself

`dcgan_fashion_mnist`, trained further with
[`regularizers.Fingerprint`](watermark.md#a-generator-that-draws-the-mark-itself) and with its own
training images, as they are or marked at 34 dB; then, "then without", trained again as somebody would
who wants to be rid of the mark: without the regularizer, on images as they are. Beside them the mark
that `export` puts into the graph, without bits. As above: the share of {rows[0]["count"]} single
images, then of sets of ten, that are told at 1e-6. The distance is that of 5,000 images from as many
test images in features of `lenet_fashion_mnist`; "trained further" has no mark, and tells what further
training alone does.

{table(header, lines)}

{measured_on(rows)} Command: `python benchmarks/fingerprint.py --data-dir tfds --precision
mixed_bfloat16`."""


def _shares(row):
    return f"{float(row['detected']):.1%}; ten {float(row['together_detected']):.0%}"


_MORE = {"watermark_null": _null, "watermark_quality": _fd, "fingerprint": _fingerprints}
