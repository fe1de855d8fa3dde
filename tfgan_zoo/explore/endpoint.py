"""What the page asks of a model that is served, by the signatures which it has."""

from tfgan_zoo.explore import commands, pictures
from tfgan_zoo.latent import ServedLatents

_OPTIONS = ("label", "text", "truncation")


class ServedModel:
    """A model of a server that speaks TensorFlow Serving's protocol.

    Args:
        client: `serving.Client`.
        url, name: Address and name of the model, as the command line has them.

    Raises:
        ValueError: A model that has neither `generate_png` nor `translate`.
    """

    def __init__(self, client, url, name):
        self._client, self._url, self._name = client, url, name
        self.signatures = client.metadata()
        inputs = {s: set(found["inputs"]) for s, found in self.signatures.items()}
        self.draws, self.translates = "generate_png" in inputs, "translate" in inputs
        if not (self.draws or self.translates):
            known = ", ".join(sorted(inputs)) or "none"
            raise ValueError(f"{name} has no signature generate_png or translate. It has: {known}.")
        self.takes = inputs.get("generate_png", inputs.get("translate"))
        self.uploads, self._made = pictures.uploads(), pictures.results()
        self._latents, self.takes_pictures = ServedLatents(client), not self.draws
        drawn = {"seed", "toward", "share", *self.takes & set(_OPTIONS)}
        self.image_parameters = drawn if self.draws else {"made"}
        task = {"picture", "file", "style", "style_file", "direction", "domain"}
        self.jobs = {} if self.draws else {"translate": ("The translation", task, self._translated)}

    def describe(self):
        """What the model is and which controls it has, for `/api/model`."""
        controls = self._drawing() if self.draws else self._translation()
        kind = "gan" if self.draws else "translator"
        absent = (
            "A server gives pictures alone: for styles and directions, explore the model itself."
        )
        return {
            "kind": kind,
            "class": f"served at {self._url}",
            "controls": controls,
            "absent": absent,
        }

    def image(self, asked):
        """The PNG file of a state."""
        if not self.draws:
            return self._made.get_kept(asked.get("made", ""))[0]
        seed, options = asked.get("seed", 0), {k: asked[k] for k in _OPTIONS if k in asked}
        if "toward" in asked:
            share = asked.get("share", 0.5)
            return pictures.png(self._latents.image(seed, asked["toward"], share, **options))
        names = {"label": "labels", "text": "texts"}
        given = {names.get(name, name): value for name, value in options.items()}
        return self._client.generate_png(1, seed, **given)[0]

    def directions(self):
        raise ValueError("A server gives no directions.")

    def command(self, asked):
        """The command that makes the same picture."""
        if not self.draws:
            return self._made.get_kept(asked.get("made", ""))[1]
        options = [
            ("url", self._url),
            ("model", self._name),
            ("n", 1),
            ("seed", asked.get("seed", 0)),
        ]
        names = {"label": "labels"}
        options += [(names.get(k, k), asked[k]) for k in _OPTIONS if k in asked]
        if "toward" in asked:
            options += [("toward", asked["toward"]), ("share", asked.get("share", 0.5))]
        return commands.line(["generate"], [*options, ("out", commands.OUT)])

    # === Pieces ===

    def _drawing(self):
        controls = {"seed": True}
        if "truncation" in self.takes:
            controls["truncation"] = True
        if "text" in self.takes:
            controls["text"] = {"examples": []}
        if "label" in self.takes:
            controls["label"] = self._classes()
        if "from_latents" in self.signatures:
            controls["toward"] = True
        return controls

    def _translation(self):
        controls = {"tile": [], "scale": None, "dropout": False}
        if "translate_backward" in self.signatures:
            controls["direction"] = ["forward", "backward"]
        if "domain" in self.takes:
            controls["domain"] = self._classes()
        if "style_bytes" in self.takes:
            controls["style"] = True
        return controls

    def _classes(self):
        names = self._client.class_names()
        if "classes" not in self.signatures:
            return {"count": len(names) if names else None, "names": names}
        (label,) = self.signatures["classes"]["inputs"]
        found = self._client.predict("classes", {label: [0]})["num_classes"][0]
        return {"count": int(found), "names": names}

    def _translated(self, asked):
        direction, further = asked.get("direction", "forward"), {}
        if "domain" in asked:
            further["domain"] = asked["domain"]
        if "style" in asked:
            further["styles"] = self.uploads.get_kept(asked["style"])
        contents = self.uploads.get_kept(asked.get("picture", ""))
        png = self._client.translate_png(contents, direction, **further)[0]
        options = [("model", self._name)]
        options += [(k, asked[k]) for k in ("direction", "domain") if k in asked]
        if "style" in asked:
            options.append(("style", commands.file(asked.get("style_file"), "style")))
        words = ["translate", self._url, commands.file(asked.get("file")), commands.OUT]
        command = commands.line(words, options)
        return {"made": self._made.put((png, command), png, command)}
