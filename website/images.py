"""Pictures of the pages: their sizes, so that nothing moves while they load, and sharp pixels."""

import posixpath
import re

from PIL import Image

IMG = re.compile(r'<img ([^>]*)src="([^":]+)"')
_WIDEST = 700  # what a page shows without making it smaller


def with_sizes(html, page, root):
    """The HTML of a page; pictures that it does not make smaller have the class `pixels`."""

    def sized(match):
        path = root / posixpath.normpath(posixpath.join(posixpath.dirname(page), match[2]))
        if path.suffix not in (".png", ".webp"):
            return match[0]
        with Image.open(path) as image:
            width, height = image.size
        pixels = ' class="pixels"' if width <= _WIDEST else ""
        size = "" if "width=" in match[0] else f' width="{width}" height="{height}"'
        return f'<img{pixels} loading="lazy"{size} {match[1]}src="{match[2]}"'

    return IMG.sub(sized, html)
