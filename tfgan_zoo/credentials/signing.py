"""Putting content credentials into image files."""

import contextlib
import io
import os
import pathlib
from collections.abc import Mapping, Sequence

from PIL import Image

from tfgan_zoo.credentials import manifests, reading, sdk
from tfgan_zoo.credentials.manifests import Model as Model
from tfgan_zoo.extras import needed_by

KEY_VARIABLE = "TFGAN_ZOO_CREDENTIALS_KEY"
_UNREAD = {"description": "credentials that it may have had could not be read"}
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class Signer:
    """Signs images with a certificate and its private key; may be used by several threads at once.

    Args:
        certificate: PEM file: the certificate, then those that vouch for it, without the last.
        key: PEM file of its private key, without a password: ECDSA, Ed25519, or RSA.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A file of something else, a key of another certificate, or a certificate with which
            no credentials can be signed now; the message says why.
        ImportError: The extra `provenance` is not installed.
    """

    def __init__(self, certificate: str | os.PathLike, key: str | os.PathLike):
        c2pa, chain = sdk.c2pa(), pathlib.Path(certificate).read_bytes()
        with needed_by("Content credentials"):
            import cryptography  # noqa: F401
        algorithm, private = _private_key(pathlib.Path(key))
        self._context = sdk.context()
        try:
            info = c2pa.C2paSignerInfo(algorithm.lower(), chain, private, None)
            self._signer = c2pa.Signer.from_info(info)
            self._try()
        except (c2pa.C2paError, ValueError) as error:
            raise ValueError(
                f"{certificate} and {key} sign no credentials: {error}. Needed are a certificate that "
                "is valid now and made for signing, with those that vouch for it, and its private key."
            ) from None

    def sign(
        self,
        image: bytes,
        model: Model,
        parameters: Mapping[str, str | int | float | bool] | None = None,
        sources: Sequence[bytes] = (),
    ) -> bytes:
        """The same image file with content credentials.

        Args:
            image: Bytes of a PNG, JPEG, WebP or GIF file.
            model: What drew it.
            parameters: How, such as `{"seed": 7}`; everybody who has the image can read them.
            sources: Bytes of the picture files that it was made of: the first was translated, further
                ones were looked at. Credentials that they carry are kept in the image's. Without sources
                the image is said to be created by the model.

        Raises:
            ValueError: A file of another kind, a damaged one, or one that carries credentials already.
        """
        if sdk.media_type(image) is None:
            raise ValueError(
                f"Credentials are put into PNG, JPEG, WebP and GIF files. This one begins with "
                f"{bytes(image[:8])!r}."
            )
        try:
            if self._has_credentials(image):
                raise ValueError(
                    "The image carries content credentials already; they are not replaced."
                )
            given = image, model, dict(parameters or {}), list(sources)
            return self._kept(*given) or self._signed(*given, range(len(sources)))
        except sdk.c2pa().C2paError as error:
            raise ValueError(f"The image cannot be signed: {error}") from None

    def _kept(self, image, model, parameters, sources):
        """The signed image with what its sources bring; None where that would spoil it."""
        try:
            made = self._signed(image, model, parameters, sources, self._unreadable(sources))
        except sdk.c2pa().C2paError:
            if sources:
                return None
            raise
        return None if sources and reading.read(made).state == "invalid" else made

    def _signed(self, image, model, parameters, sources, unread):
        """Of the sources with the numbers `unread` nothing is kept but that they were there."""
        ingredients, out = [manifests.ingredient(n) for n, _ in enumerate(sources)], io.BytesIO()
        made = manifests.definition(model, parameters, ingredients)
        made["ingredients"] = [ingredients[number] | _UNREAD for number in unread]
        with sdk.c2pa().Builder(made, context=self._context) as builder:
            for number, source in enumerate(sources):
                if number not in unread:
                    kind = sdk.media_type(source)
                    builder.add_ingredient(ingredients[number], kind, io.BytesIO(source))
            builder.sign(self._signer, sdk.media_type(image), io.BytesIO(image), out)
        return out.getvalue()

    def _unreadable(self, sources):
        """Numbers of the sources whose own credentials the SDK cannot look for, such as of BMP files."""
        found = []
        for number, source in enumerate(sources):
            try:
                if sdk.media_type(source) is None:
                    raise sdk.c2pa().C2paError.NotSupported()
                self._has_credentials(source)
            except sdk.c2pa().C2paError:
                found.append(number)
        return found

    def _has_credentials(self, content):
        reader = sdk.c2pa().Reader.try_create(
            sdk.media_type(content), io.BytesIO(content), context=self._context
        )
        with contextlib.closing(reader) if reader else contextlib.nullcontext():
            return reader is not None

    def _try(self):
        pixel = io.BytesIO()
        Image.new("L", (1, 1)).save(pixel, "PNG")
        found = reading.read(self.sign(pixel.getvalue(), Model("test")))
        if found.state == "invalid":
            raise ValueError("; ".join(f"{code}: {text}" for code, text in found.problems))


def signer(certificate=None, key=None, names=("certificate", "key")):
    """The `Signer` that a user's options stand for; None where nothing is to be signed.

    Args:
        certificate: Path of a PEM file, or None.
        key: Path of a PEM file; by default what the environment variable TFGAN_ZOO_CREDENTIALS_KEY
            names.
        names: How the options are called, in messages.

    Raises:
        ValueError: One without the other, or what `Signer` raises.
    """
    if not certificate:
        if key:
            raise ValueError(f"{names[1]} signs nothing without {names[0]}.")
        return None
    key = key or os.environ.get(KEY_VARIABLE)
    if not key:
        raise ValueError(
            f"{names[0]} needs {names[1]}, the private key, or the environment variable {KEY_VARIABLE} "
            "with its path."
        )
    return Signer(certificate, key)


def _private_key(path):
    """`(algorithm, PEM)` of a private key, whichever PEM it is written in."""
    from cryptography.hazmat.primitives import serialization as formats
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        key = formats.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):  # whose messages could quote the file
        raise ValueError(f"{path} holds no private key in PEM form without a password.") from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        algorithm = _CURVES[key.curve.name]
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        algorithm = "ed25519"
    elif isinstance(key, rsa.RSAPrivateKey):
        algorithm = "PS256"
    else:
        raise ValueError(f"{path} is a key of a kind that credentials are not signed with.")
    options = formats.Encoding.PEM, formats.PrivateFormat.PKCS8, formats.NoEncryption()
    return algorithm, key.private_bytes(*options)
