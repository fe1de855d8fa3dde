"""Certificates for tests: a chain of two, of which nobody else trusts the root.

Reference: C2PA Technical Specification 2.4, "Certificate Profile" (RFC 5280).
"""

import datetime
import os
import pathlib

from tfgan_zoo import numbers
from tfgan_zoo.extras import needed_by

CERTIFICATE, KEY, ANCHOR = "certificate.pem", "private_key.pem", "trust_anchor.pem"
_CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"  # c2pa-kp-claimSigning
_TITLE = "tfgan_zoo test certificate"


def create_test_certificate(folder: str | os.PathLike, days: int = 365) -> pathlib.Path:
    """Writes a certificate, its private key and the root that vouches for it, for tests.

    What is signed with it verifies, and is trusted by those alone who name its root. The root's own key
    is not kept: it vouches for nothing else.

    Args:
        folder: Where `certificate.pem`, `private_key.pem` (which its owner alone may read) and
            `trust_anchor.pem` are written.
        days: Int. How long both certificates are valid.

    Returns:
        The folder.

    Raises:
        FileExistsError: One of the files exists.
        ImportError: The extra `provenance` is not installed.
    """
    folder, days = pathlib.Path(folder), numbers.integer("days", days)
    for path in (folder / CERTIFICATE, folder / KEY, folder / ANCHOR):
        if path.exists() or path.is_symlink():
            raise FileExistsError(f"{path} exists already; it is left as it is.")
    certificate, key, root = _made(datetime.timedelta(days=days))
    folder.mkdir(parents=True, exist_ok=True)
    written = {KEY: (key, 0o600), CERTIFICATE: (certificate, 0o644), ANCHOR: (root, 0o644)}
    for name, (content, mode) in written.items():
        with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    return folder


def _made(validity):
    """PEM files: a certificate, its key, and the root."""
    with needed_by("A test certificate"):
        from cryptography.hazmat.primitives import serialization as formats
        from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root, title = f"{_TITLE} authority", _TITLE
    pem = formats.Encoding.PEM
    anchor = _certificate(root, root_key, root, root_key, validity).public_bytes(pem)
    certificate = _certificate(title, key, root, root_key, validity).public_bytes(pem)
    private = key.private_bytes(pem, formats.PrivateFormat.PKCS8, formats.NoEncryption())
    return certificate, private, anchor


def _certificate(name, key, issuer, issuer_key, validity):
    """Of an authority where a name vouches for itself, else of a signer of claims."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    now, is_root = datetime.datetime.now(datetime.UTC), name == issuer
    made = x509.CertificateBuilder(
        _name(issuer), _name(name), key.public_key(), x509.random_serial_number()
    )
    made = made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + validity)
    for extension, is_critical in _extensions(key, issuer_key, is_root):
        made = made.add_extension(extension, is_critical)
    return made.sign(issuer_key, hashes.SHA256())


def _extensions(key, issuer_key, is_root):
    from cryptography import x509

    usages = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    usages += ["key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    asked = {"key_cert_sign", "crl_sign"} if is_root else {"digital_signature"}
    yield x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), True
    yield x509.KeyUsage(**{usage: usage in asked for usage in usages}), True
    yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
    if not is_root:
        email = x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION  # which older validators look for
        yield x509.ExtendedKeyUsage([x509.ObjectIdentifier(_CLAIM_SIGNING), email]), False


def _name(title):
    from cryptography import x509

    oid = x509.oid.NameOID
    parts = ((oid.ORGANIZATION_NAME, "Nobody: for tests"), (oid.COMMON_NAME, title))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])
