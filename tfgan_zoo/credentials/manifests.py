"""What a manifest says, as the JSON that the SDK takes.

Reference: C2PA Technical Specification 2.4: actions (c2pa.actions.v2), ingredients, and the assertion
c2pa.ai-disclosure; https://spec.c2pa.org. Digital source types: https://cv.iptc.org/newscodes/digitalsourcetype.
"""

import datetime
import urllib.parse
import uuid
from typing import NamedTuple

import tfgan_zoo

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
CREATED = f"{SOURCE_TYPES}trainedAlgorithmicMedia"
EDITED = f"{SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"
ACTIONS, DISCLOSURE = "c2pa.actions.v2", "c2pa.ai-disclosure"
PREFIX = "tfgan_zoo."  # of parameters that the specification leaves to the software


class Model(NamedTuple):
    """What drew an image, as its credentials say.

    Attributes:
        name: String, such as "dcgan_fashion_mnist".
        version: Int or string, or None where the model has none.
        sha256: Hexadecimal, of the artifact: `files.folder_sha256` of an exported version. None where it
            cannot be seen.
        kind: "tensorflow" of a SavedModel, "keras" of a run or a .keras file.
    """

    name: str
    version: int | str | None = None
    sha256: str | None = None
    kind: str = "tensorflow"


def definition(model, parameters, ingredients):
    """The manifest of an image.

    Args:
        model: `Model`.
        parameters: `{name: str, int, float or bool}` of how it was drawn.
        ingredients: List of what `ingredient` gives, of pictures that it was made of: the first became
            the image, the others were looked at.
    """
    claim = {"claim_version": 2, "claim_generator_info": [_software()]}
    actions = _edited(ingredients) if ingredients else [{"action": "c2pa.created"}]
    when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    actions[-1] |= {"when": when.replace("+00:00", "Z"), "softwareAgent": _software()}
    actions[-1]["digitalSourceType"] = EDITED if ingredients else CREATED
    own = {PREFIX + name: value for name, value in _told(model, parameters).items()}
    actions[-1].setdefault("parameters", {}).update(own)
    assertions = {ACTIONS: {"actions": actions}, DISCLOSURE: _disclosure(model)}
    made = [{"label": n, "data": data, "created": True} for n, data in assertions.items()]
    return {**claim, "assertions": made}


def ingredient(number):
    """What is said of a picture that an image is made of: not its name, which is its owner's."""
    relationship, title = (
        ("inputTo", "further input") if number else ("parentOf", "picture that was translated")
    )
    name = f"xmp.iid:{uuid.uuid4()}"
    return {"title": title, "relationship": relationship, "instance_id": name, "label": name}


def _edited(ingredients):
    """A picture was opened, and changed by a model that may have looked at others."""
    first, *others = (each["instance_id"] for each in ingredients)
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [first]}}
    edited = {"action": "c2pa.edited", "parameters": {"ingredientIds": others} if others else {}}
    return [opened, edited]


def _software():
    return {"name": "tfgan_zoo", "version": tfgan_zoo.__version__}


def _told(model, parameters):
    known = {"model": model.name, "model_version": model.version, "artifact_sha256": model.sha256}
    return {name: value for name, value in {**known, **parameters}.items() if value is not None}


def _disclosure(model):
    """The identifier is a package URL of the type "generic", with the checksum as qualifier."""
    identifier = f"pkg:generic/{urllib.parse.quote(model.name, safe='')}"
    if model.version is not None:
        identifier += f"@{urllib.parse.quote(str(model.version), safe='')}"
    if model.sha256 is not None:
        identifier += f"?checksum=sha256:{model.sha256}"
    kind = f"c2pa.types.model.{model.kind}"
    return {"modelType": kind, "modelName": model.name, "modelIdentifier": identifier}
