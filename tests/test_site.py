"""The documentation as a site: `make site`."""

import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import charts
import gallery
import griffe
import hooks
import markdown
import mkdocs.config
import notebooks
import pytest
from docstrings import Docstrings
from mkdocs.structure.files import get_files

ROOT = pathlib.Path(__file__).parents[1]
MODELS = [  # the fields of saved_models/index.json that the pages read
    ("dcgan_a", "DCGAN", "noise to image", "a", 28, {"fd10k_effnet": {"value": 17.994}}),
    ("stylegan2_b", "StyleGAN2", "noise to image", "b", 64, {}),
    ("pix2pix_b", "Pix2Pix", "image to image", "b", 128, {"psnr": {"value": 12.0}}),
]


@pytest.fixture
def zoo(tmp_path):
    """A folder with an index of three models."""
    keys = ("name", "class", "task", "data", "image_shape", "scores")
    rest = {"use": "teaches", "summary": "A model."}
    rows = [dict(zip(keys, (*m[:4], [m[4], m[4], 3], m[5]), strict=True)) | rest for m in MODELS]
    (tmp_path / "saved_models").mkdir()
    (tmp_path / "saved_models" / "index.json").write_text(json.dumps(rows))
    return tmp_path


@pytest.fixture(scope="module")
def browser(browser):
    return browser.driver


# === The sources ===


@pytest.fixture(scope="module")
def sources():
    """What is built: the configuration after the hooks, and `{page: Markdown}` of all files."""
    config = mkdocs.config.load_config(str(ROOT / "mkdocs.yml"))
    config = config.plugins.on_config(config)
    files = config.plugins.on_files(get_files(config), config=config)
    return config, {f.src_uri: f.content_string if f.is_documentation_page() else "" for f in files}


def pages_of(nav):
    """The pages of a navigation, in their order."""
    if isinstance(nav, str):
        return [nav]
    return [
        page for part in (nav.values() if isinstance(nav, dict) else nav) for page in pages_of(part)
    ]


def test_every_page_is_once_in_the_navigation(sources):
    config, texts = sources
    assert sorted(pages_of(config.nav)) == sorted(name for name in texts if name.endswith(".md"))


def test_links_lead_to_files_of_the_site(sources):
    """From all pages: those of the repository where they lie, cards, and generated ones."""
    _, texts = sources
    for page, text in texts.items():
        text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
        for link in hooks.LINK.findall(text):
            assert hooks._target(page, hooks._to_page(page, link)) in texts, f"{page}: {link}"
    assert len(texts) > 60


def test_a_link_to_a_folder_leads_to_its_index():
    assert hooks._to_page("README.md", "docs/cluster") == "docs/cluster/index.md"
    card = "saved_models/began_fashion_mnist/README.md"
    assert hooks._to_page(card, "../dcgan_fashion_mnist") == "../dcgan_fashion_mnist/README.md"
    assert hooks._to_page("docs/a.md", "notebooks/b.ipynb") == "notebooks/b.md"


# === Parts ===


def test_networks_become_lists():
    boxes = 'flowchart LR\n    a0["1x1<br/>Dense"]\n    a1["4x4<br/>2 Conv2D<br/>ReLU"]\n    '
    made = charts.chart(f"{boxes}a0 --> a1", "mermaid", "network", {}, None)
    first, second = re.findall(r"<li>(.*?)</li>", made)
    assert first == "<strong>1x1</strong><br>Dense"
    assert second == "<strong>4x4</strong><br>2 Conv2D<br>ReLU" and made.startswith("<ol")
    other = charts.chart(f"{boxes}a1 --> a0", "mermaid", "network", {}, None)  # another order
    assert other.startswith("<pre>") and "a1 --&gt; a0" in other


def test_notebooks_become_pages():
    outputs = [{"text": ["1\n"]}, {"data": {"image/png": "iVBO\nRw==", "text/plain": "<Figure>"}}]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "Text."]},
        {"cell_type": "code", "source": ["print(1)"], "outputs": outputs},
    ]
    title, code, printed, drawn = notebooks.page({"cells": cells}).split("\n\n")
    assert title == "# Title\nText." and code == "````python\nprint(1)\n````"
    assert printed == "````text\n1\n````" and "base64,iVBORw==" in drawn


def test_docstrings_of_the_reference(tmp_path):
    text = '"""L*a*b* and `2*a*b`.\n\nExample:\n    a = 1\n\nThe end."""\n'
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "__init__.py").write_text("")
    (tmp_path / "few" / "models.py").write_text(text)
    extensions = griffe.load_extensions(Docstrings)
    loaded = griffe.load("few", search_paths=[tmp_path], extensions=extensions)
    found = loaded["models"].docstring.value
    assert found.startswith("L\\*a\\*b\\* and `2*a*b`.")
    assert "Example:\n    ```python\n    a = 1\n    ```\n\nThe end." in found


# === Gallery ===


def test_gallery(zoo):
    page = gallery.pages(zoo)["saved_models/index.md"]
    assert re.findall(r"^## \[(\w+)\]", page, re.M) == ["pix2pix_b", "dcgan_a", "stylegan2_b"]
    assert "noise to image · a · 28x28 · `fd10k_effnet` 17.99\n" in page
    assert 'tfgan_zoo.from_preset("pix2pix_b")' in page


@pytest.fixture
def gallery_page(zoo, browser):
    """The gallery alone in the browser."""
    text = gallery.pages(zoo)["saved_models/index.md"].partition("# Gallery")[2]
    body = markdown.markdown(text, extensions=["md_in_html", "fenced_code"])
    (zoo / "saved_models" / "index.html").write_text(f"<!doctype html><html lang=en>{body}")
    shutil.copytree(ROOT / "website", zoo / "website")
    browser.get((zoo / "saved_models" / "index.html").as_uri())
    return browser


def shown(driver):
    """The models that are seen, and what a screen reader says of them."""
    names = [
        h.text for h in driver.find_elements("css selector", ".gallery h2") if h.is_displayed()
    ]
    return names, driver.find_element("css selector", "[role=status]").text


def test_filters_by_keyboard(gallery_page):
    keys = pytest.importorskip("selenium.webdriver").Keys
    assert shown(gallery_page) == (["pix2pix_b", "dcgan_a", "stylegan2_b"], "3 models")
    body = gallery_page.find_element("css selector", "body")
    body.send_keys(keys.TAB)
    while gallery_page.switch_to.active_element.get_attribute("name") != "task":
        gallery_page.switch_to.active_element.send_keys(keys.TAB)
    gallery_page.switch_to.active_element.send_keys("noise")
    assert shown(gallery_page) == (["dcgan_a", "stylegan2_b"], "2 models")
    gallery_page.switch_to.active_element.send_keys(keys.TAB, keys.TAB)
    assert gallery_page.switch_to.active_element.accessible_name == "Size"
    gallery_page.switch_to.active_element.send_keys("64")
    assert shown(gallery_page) == (["stylegan2_b"], "1 model")
    gallery_page.switch_to.active_element.send_keys(keys.TAB, keys.ENTER)
    assert shown(gallery_page)[1] == "3 models"


def test_filters_by_mouse(gallery_page):
    ui = pytest.importorskip("selenium.webdriver.support.ui")
    data = gallery_page.find_element("name", "data")
    ui.Select(data).select_by_visible_text("b")
    assert shown(gallery_page) == (["pix2pix_b", "stylegan2_b"], "2 models")
    ui.Select(gallery_page.find_element("name", "task")).select_by_visible_text("noise to image")
    assert shown(gallery_page) == (["stylegan2_b"], "1 model")
    gallery_page.find_element("css selector", "[type=reset]").click()
    assert shown(gallery_page)[1] == "3 models"


def test_without_scripts_the_gallery_is_a_list(gallery_page, zoo):
    (zoo / "website" / "gallery.js").write_text("")
    gallery_page.refresh()
    names = [h.text for h in gallery_page.find_elements("css selector", ".gallery h2")]
    assert names == ["pix2pix_b", "dcgan_a", "stylegan2_b"]
    assert not gallery_page.find_element("css selector", ".filters").is_displayed()


# === The whole ===


class Page(html.parser.HTMLParser):
    """What a page loads, where it leads, and the names of its places."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found.get("id"), found.get("name")}
        self.loads += [found[key] for key in ("src", "srcset", "poster", "data") if key in found]
        if "href" in found:
            is_link = tag == "a" or found.get("rel") in ("next", "prev", "canonical")
            (self.links if is_link else self.loads).append(found["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make site` does, and its pages by path."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    paths = sorted(folder.rglob("*.html"))
    return folder, {path: Page(path.read_text()) for path in paths if path.name != "404.html"}


@pytest.mark.full
def test_nothing_comes_from_another_host(site):
    folder, pages = site
    loaded = {(path.name, url) for path, page in pages.items() for url in page.loads}
    for path in folder.rglob("*.css"):
        urls = re.findall(r"url\(['\"]?([^'\")]+)|@import ['\"]([^'\"]+)", path.read_text())
        loaded |= {(path.name, url) for pair in urls for url in pair if url}
    assert len(loaded) > 100
    foreign = {found for found in loaded if re.match(r"(\w+:)?//", found[1])}
    assert not foreign and not any('class="mermaid"' in p.read_text() for p in pages)


@pytest.mark.full
def test_links_and_pictures_of_the_site_lead_somewhere(site):
    folder, pages = site
    lost = set()
    for path, page in pages.items():
        for url in {*page.loads, *page.links}:
            if not re.match(r"\w+:", url) and not _leads(path, url, pages):
                lost.add((str(path.relative_to(folder)), url))
    assert not lost


def _leads(path, url, pages):
    name, _, anchor = url.partition("#")
    target = (path.parent / name.partition("?")[0]).resolve() if name else path
    target = target / "index.html" if target.is_dir() else target
    return target.exists() and (not anchor or target not in pages or anchor in pages[target].ids)


@pytest.mark.full
def test_every_public_name_has_a_place(site):
    """Of modules, classes, functions and methods: those of docs/api.md, which another test holds."""
    _, pages = site
    ids = {name for path, page in pages.items() if path.parent.name == "api" for name in page.ids}
    module, names = None, []
    headings = re.findall(r"^(##+) `?([\w.]+)`?$", (ROOT / "docs" / "api.md").read_text(), re.M)
    for level, name in headings:
        module = name if level == "##" else module
        names.append(name if level == "##" else f"{module}.{name}")
    assert len(names) > 500 and not set(names) - ids


@pytest.mark.full
def test_search_works_from_files(site, browser):
    """By our frame in place of the worker that browsers refuse to files; and nothing else is loaded."""
    folder, _ = site
    browser.get((folder / "index.html").as_uri())
    field = browser.find_element("css selector", ".md-search__input")
    browser.execute_script("arguments[0].focus()", field)
    field.send_keys("BalancedConsistency")
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(browser, 60)
    link = wait.until(lambda d: d.find_element("css selector", ".md-search-result__link"))
    assert "/docs/api/" in link.get_attribute("href")
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert all(name.startswith("file:") for name in loaded)


@pytest.mark.full
@pytest.mark.parametrize(
    "page", ["index", "docs/models", "saved_models/index", "docs/api/tfgan_zoo"]
)
def test_pages_fit_a_telephone(site, browser, page):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get((site[0] / f"{page}.html").as_uri())
    width = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width == 390
