"""What the site has: the pages of the checkout, where they lie, so that links hold; generated pages.

A link to a file that is no page takes the file along. A link to a folder leads to its index: its README,
or a list of its files; one to a notebook leads to the page of it.
"""

import posixpath
import re
import sys
from pathlib import Path, PurePath

from mkdocs.structure.files import File, Files

sys.path[:0] = [str(Path(__file__).parent)]

import charts  # noqa: E402
import gallery  # noqa: E402
import images  # noqa: E402
import notebooks  # noqa: E402
import reference  # noqa: E402

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/*.md", "serving/README.md", "saved_models/*/README.md")
ASSETS = ("website/*.js", "website/*.css")
LINK = re.compile(r'(?<=\]\()(?!\w+:)[^)\s#]+|(?<=src=")(?!\w+:)[^"]+')


def on_config(config):
    fences = [{"name": "mermaid", "class": "network", "format": charts.chart}]
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": fences}


def on_files(files, config):
    """All that the site is made of, in place of the files of docs/ alone."""
    made = {**reference.pages(ROOT), **gallery.pages(ROOT), **notebooks.pages(ROOT)}
    read = {
        str(path.relative_to(ROOT)) for pattern in PAGES + ASSETS for path in ROOT.glob(pattern)
    }
    texts = {name: (ROOT / name).read_text() for name in read if name.endswith(".md")} | made
    for folder in filter(_is_folder, _linked(texts)):
        if _index(folder) not in texts:
            texts[_index(folder)] = made[_index(folder)] = _listing(folder)
    read |= {name for name in _linked(texts) if (ROOT / name).is_file()}
    named = re.findall(r"[\w/]+\.md", str(config.nav))
    config.nav = _expanded(config.nav, set(texts) - set(named))
    theme = [file for file in files if file.src_dir != config.docs_dir]
    kept = [_file(name, config) for name in sorted(read - set(made))]
    generated = [File.generated(config, name, content=text) for name, text in made.items()]
    return Files([*theme, *kept, *generated])


def on_page_markdown(markdown, page, **_):
    return LINK.sub(lambda link: _to_page(page.file.src_uri, link[0]), markdown)


def on_page_content(html, page, **_):
    return images.with_sizes(html, page.file.src_uri, ROOT)


def _file(name, config):
    return File(name, str(ROOT), config.site_dir, config.use_directory_urls)


def _linked(texts):
    """The names, from the top folder, of what pages link to."""
    return sorted({_target(name, link) for name in texts for link in LINK.findall(texts[name])})


def _target(page, link):
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _to_page(page, link):
    target = _target(page, link)
    if _is_folder(target):
        return posixpath.join(link, posixpath.basename(_index(target)))
    return link.replace(".ipynb", ".md")


def _is_folder(name):
    return (ROOT / name).is_dir()


def _index(folder):
    return f"{folder}/{'README' if (ROOT / folder / 'README.md').exists() else 'index'}.md"


def _listing(folder):
    names = sorted(path.name for path in (ROOT / folder).iterdir() if path.is_file())
    return "\n".join([f"# {folder}", "", *(f"- [{name}]({name})" for name in names)])


# === Navigation ===


def _expanded(items, pages):
    """The navigation with the pages that it does not name in the places of patterns of theirs."""
    found = []
    for item in items:
        if isinstance(item, str) and "*" in item:
            found += sorted(page for page in pages if PurePath(page).match(item))
        elif isinstance(item, dict) and isinstance(section := next(iter(item.values())), list):
            found += [{next(iter(item)): kept}] if (kept := _expanded(section, pages)) else []
        else:
            found.append(item)
    return found
