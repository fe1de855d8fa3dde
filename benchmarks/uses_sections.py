"""Tables of docs/uses.md, of what editing.py, phantoms.py and curriculum.py found: see make_guides.py"""

from editing import latest
from phantoms import CONTRASTS, NOISE, SHARES
from tables import measured_on, middle, read_csv, table

# === Editing ===


def projected():
    rows = latest(read_csv("editing_projection"))
    columns = {
        "psnr": "{:.1f}",
        "ssim": "{:.2f}",
        "lenet_distance": "{:.3f}",
        "resnet_distance": "{:.3f}",
        "identity": "{:.2f}",
        "found_again": "{:.0%}",
        "source_share": "{:.0%}",
        "cpu_seconds_an_image": "{:.1f}",
    }
    lines = [
        (
            row["model"],
            row["space"],
            row["pixel_weight"],
            *(form.format(float(row[c])) for c, form in columns.items()),
        )
        for row in rows
    ]
    header = ["model", "space", "pixel weight", "PSNR", "SSIM", "distance, in the loss"]
    header += ["distance, another network", "identity", "found again", "still a T-shirt"]
    header += ["seconds of a core an image"]
    what = f"{rows[0]['images']} images, {rows[0]['steps']} steps."
    return f"{table(header, lines)}\n\n{what} {_measured(rows, 'editing.py')}"


def edited():
    """Methods that go along a direction; one cell for each strength."""
    return _curves([row for row in latest(read_csv("editing")) if row["method"] != "mixing"])


def mixed():
    return _curves([row for row in latest(read_csv("editing")) if row["method"] == "mixing"])


def _curves(rows):
    cells = {}
    for row in rows:
        if row["method"] != "none":
            line = cells.setdefault(
                tuple(row[k] for k in ("target", "model", "space", "method")), {}
            )
            share, identity = float(row["target_share"]), float(row["identity"])
            line[row["strength"]] = f"{share:.0%}, {identity:.2f}, {float(row['found_again']):.0%}"
    if not cells:
        return "Not measured yet."
    strengths = max(cells.values(), key=len)
    lines = [(*key, *(found.get(s, "") for s in strengths)) for key, found in cells.items()]
    header = ["to", "model", "space", "method", *strengths]
    return f"{table(header, lines)}\n\n{_measured(rows, 'editing.py')}"


def references():
    """What the two networks say of real images."""
    rows = [row for row in read_csv("editing") if row["method"] == "none"]
    lines = [
        (row["target"], f"{float(row['identity']):.2f}", f"{float(row['found_again']):.0%}")
        for row in rows
    ]
    shown = table(["in place of the original", "identity", "found again"], lines)
    return f"{shown}\n\nThe classifier is right on {float(rows[0]['accuracy']):.1%} of all test images."


# === Phantoms ===


def phantoms():
    order = ["", *SHARES]
    rows = sorted(read_csv("phantoms"), key=lambda row: order.index(row["lesions_in_training"]))
    groups = _groups(rows, ("method", "lesions_in_training"))
    lines = []
    for key, found in groups.items():
        cells = [_ends(found, "psnr", "{:.1f}"), _ends(found, "ssim", "{:.3f}")]
        cells += [_ends(found, f"found_{contrast:g}", "{:.0%}") for contrast in CONTRASTS]
        lines.append([*key, *cells, _ends(found, "hallucinated_per_100", "{:.1f}")])
    header = ["method", "lesions in training", "PSNR", "SSIM"]
    header += [f"found, {contrast / NOISE:g}" for contrast in CONTRASTS]
    header += ["drawn in 100 phantoms without"]
    return f"{table(header, lines)}\n\n{_measured(rows, 'phantoms.py')}"


# === Curriculum ===


def curriculum():
    rows = read_csv("curriculum")
    times = list(dict.fromkeys(row["updates"] for row in rows))
    lines = []
    for (method,), found in _groups(rows, ("method",)).items():
        parts = [[row for row in found if row["updates"] == time] for time in times]
        ends = [_ends(part, "fd", "{:.0f}") for part in parts]
        last = parts[-1]
        more = {
            "recall": "{:.3f}",
            "precision": "{:.3f}",
            "from_shares": "{:.3f}",
            "fd_resnet": "{:.2f}",
        }
        lines.append([method, *ends, *(_ends(last, c, form) for c, form in more.items())])
    header = ["first", *(f"distance after {time}" for time in times)]
    header += ["recall", "precision", "from the data's shares", "distance, another network"]
    command = "curriculum.py --precision mixed_bfloat16"
    return f"{table(header, lines)}\n\n{_measured(rows, command)}"


# === What they share ===


def _groups(rows, keys):
    found = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def _ends(rows, column, form):
    """The median over seeds and, of several, the lowest and the highest."""
    return middle([float(row[column]) for row in rows], form)


def _measured(rows, command):
    return f"{measured_on(rows)} Command: `python benchmarks/{command}`."


SECTIONS = {
    "references": references,
    "projected": projected,
    "edited": edited,
    "mixed": mixed,
    "phantoms": phantoms,
    "curriculum": curriculum,
}
