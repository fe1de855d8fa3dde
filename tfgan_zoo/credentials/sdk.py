"""The SDK of the Content Authenticity Initiative, imported when it is used, and its settings."""

from tfgan_zoo.extras import needed_by

# Neither manifests nor lists of revoked certificates are fetched: a picture must not make this machine
# ask addresses that its maker chose. No thumbnails, which would hold a small copy of a user's picture.
_SETTINGS = {
    "version": 1,
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {
        "verify_after_sign": False,
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "max_decompressed_manifest_size_in_mb": 32,
    },
}
KINDS = {  # by which a file begins: media type
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


def c2pa():
    """The module."""
    with needed_by("Content credentials"):
        import c2pa
    return c2pa


def context(trust_anchors=None):
    """A `c2pa.Context`; certificates are trusted that one of the PEM's vouches for, else none."""
    settings = dict(_SETTINGS)
    if trust_anchors is not None:
        settings["trust"] = {"trust_anchors": trust_anchors}
    return c2pa().Context.from_dict(settings)


def is_image(content):
    """Whether bytes are of a file that credentials can be put into."""
    return media_type(content) is not None


def media_type(content):
    """Of the bytes of a PNG, JPEG, GIF or WebP file; None of anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in KINDS.items() if content.startswith(start)), None)
