"""C2PA content credentials: signed statements in image files of what drew them; docs/provenance.md.

Nothing of it is imported before it is used: it needs the extra `provenance`.
"""

from tfgan_zoo.credentials.certificates import create_test_certificate as create_test_certificate
from tfgan_zoo.credentials.reading import Credentials as Credentials
from tfgan_zoo.credentials.reading import anchors as anchors
from tfgan_zoo.credentials.reading import read as read
from tfgan_zoo.credentials.sdk import is_image as is_image
from tfgan_zoo.credentials.signing import Model as Model
from tfgan_zoo.credentials.signing import Signer as Signer
from tfgan_zoo.credentials.signing import signer as signer
