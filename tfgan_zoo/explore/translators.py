"""What the page asks of a model from images to images in this process: translations of an upload."""

import math

import keras

from tfgan_zoo.explore import commands, pictures
from tfgan_zoo.tasks import further_inputs

_TASK = {"picture", "file", "style", "style_file", "direction", "domain", "seed", "tile"}
_WHOLE = 2**20  # pixels that are translated without tiles
_MOST_MADE = 2**25
_TILES = (128, 256, 512)


class Translation:
    """A model from images to images of this process.

    Args:
        model: `ImageToImage`.
        words: How the command line names it, a list: the model, and its options.
    """

    image_parameters = {"made"}
    takes_pictures = True

    def __init__(self, model, words):
        self.model, self.words = model, list(words)
        self.uploads, self._made = pictures.uploads(), pictures.results()
        self.further = {f.name: f for f in further_inputs.served(model)}
        self.jobs = {"translate": ("The translation", _TASK, self._translated)}
        for name in self.further.keys() - {"domain", "styles"}:
            raise ValueError(
                f"{type(model).__name__} takes {name}, for which the page has no control."
            )

    def describe(self):
        """What the model is and which controls it has, for `/api/model`."""
        model = self.model
        controls = {"tile": _TILES, "scale": model.scale, "dropout": _has_dropout(model)}
        if len(model.directions) > 1:
            controls["direction"] = model.directions
        if "domain" in self.further:
            domain = self.further["domain"]
            controls["domain"] = {"count": domain.num_classes, "names": self._names(domain)}
        if "styles" in self.further:
            controls["style"] = True
        name = type(model).__name__
        return {
            "kind": "translator",
            "class": name,
            "image": model.image_shape,
            "controls": controls,
        }

    def image(self, asked):
        """The PNG file of a translation that was made."""
        return self._made.get_kept(asked.get("made", ""))[0]

    def directions(self):
        raise ValueError(f"{type(self.model).__name__} has no latents, and no directions.")

    def command(self, asked):
        """The command that makes the same picture."""
        return self._made.get_kept(asked.get("made", ""))[1]

    # === Pieces ===

    def _names(self, domain):
        names = (
            getattr(domain, "names", None) if hasattr(domain, "count") else self.model.class_names
        )
        return names if names and len(names) == domain.num_classes else None

    def _translated(self, asked):
        model, direction = self.model, asked.get("direction", "forward")
        options = {"direction": direction, "seed": asked.get("seed"), "tile": asked.get("tile")}
        model.check_translation(**options)
        given = self._further(asked)
        channels = (model.image_shape if direction == "forward" else model.target_shape)[-1]
        contents = self.uploads.get_kept(asked.get("picture", ""))
        image = pictures.pixels(contents, channels)
        self._check_size(image.shape[:2], options["tile"])
        png = pictures.png(model.translate(image, **options, **given))
        command = self._command(asked, options)
        made = self._made.put((png, command), png, command)
        return {"made": made}

    def _further(self, asked):
        given = {}
        if ("domain" in asked) != ("domain" in self.further):
            raise ValueError(f"{type(self.model).__name__}: domain is missing, or not taken.")
        if ("style" in asked) != ("styles" in self.further):
            raise ValueError(f"{type(self.model).__name__}: style is missing, or not taken.")
        if "domain" in asked:
            given["domain"] = asked["domain"]
        if "style" in asked:
            contents = self.uploads.get_kept(asked["style"])
            given["styles"] = pictures.pixels(contents, self.model.image_shape[-1])
        return given

    def _check_size(self, size, tile):
        count, scale = math.prod(size), self.model.scale
        if count * scale**2 > _MOST_MADE:
            raise ValueError(
                f"The result would have {count * scale**2:,} pixels, over {_MOST_MADE:,}."
            )
        if tile is None and count > _WHOLE:
            raise ValueError(
                f"A picture of {size[1]} x {size[0]} pixels is translated in tiles. Choose their side."
            )
        if tile is not None and tile not in _TILES:
            raise ValueError(f"tile must be one of {_TILES}. Received: {tile}.")

    def _command(self, asked, options):
        found = [] if options["direction"] == "forward" else [("direction", options["direction"])]
        found += [(name, options[name]) for name in ("seed", "tile") if options[name] is not None]
        if "domain" in asked:
            found.append(
                ("domain", commands.label(asked["domain"], self._names(self.further["domain"])))
            )
        if "style" in asked:
            found.append(("style", commands.file(asked.get("style_file"), "style")))
        model, *trust = self.words
        words = ["translate", model, commands.file(asked.get("file")), commands.OUT, *trust]
        return commands.line(words, found)


def _has_dropout(model):
    layers = model.generator._flatten_layers()
    return any(
        isinstance(x, keras.layers.Dropout) or "dropout" in type(x).__name__.lower() for x in layers
    )
