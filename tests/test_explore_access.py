"""Whether the page of `tfgan-zoo explore` can be read and used by everyone, in Chromium."""

import pytest
from explored import edited, explored, tiny
from selenium.webdriver import ActionChains, Keys

from tfgan_zoo.explore import Drawing

# What a screen reader needs: names of all controls, one main heading, alternative texts.
_UNNAMED = """
const name = (e) => e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
  || e.labels?.[0]?.textContent || e.textContent.trim() || e.querySelector("img")?.alt;
return [...document.querySelectorAll("input, select, button, a, pre[tabindex], progress")]
  .filter((e) => !name(e)).map((e) => e.outerHTML);
"""
_REACHABLE = """
const all = [...document.querySelectorAll("#form :is(input, select, button)")];
return all.filter((e) => e.checkVisibility()).length;
"""
# Contrast of texts to what is behind them, by WCAG 2.
_CONTRASTS = """
const part = (x) => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
const behind = (e) => { for (; e; e = e.parentElement) {
  const color = numbers(getComputedStyle(e).backgroundColor);
  if (color.length < 4 || color[3] > 0) return color; }
  return numbers(getComputedStyle(document.body).backgroundColor); };
document.getElementById("error").textContent = "An error";
const texts = "h1, h2, p, label, legend, output, button, a.button, input, select, pre, figcaption";
return [...document.querySelectorAll(texts)]
  .filter((e) => e.offsetParent && !e.closest("[hidden]")).map((e) => {
    const [a, b] = [light(numbers(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 80)]; });
"""


@pytest.mark.full
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_and_fits_a_phone(browser, scheme):
    features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    gan = tiny("StyleGAN2")
    with explored(Drawing(gan, ["a_model_with_a_very_long_name" * 3])) as (address, _):
        for width in (1280, 390, 320):
            browser.resize(width, 844)
            browser.open(address, "seed=3&truncation=0.5&style_seed=5&style_layers=1")
            browser.expect(
                edited(gan, seed=3, truncation=0.5, style_seed=5, style_layers=(1,)), seed=3
            )
            wide = "return document.documentElement.scrollWidth"
            assert browser.driver.execute_script(wide) <= width
            assert browser.driver.execute_script(_UNNAMED) == []
            contrasts = browser.driver.execute_script(_CONTRASTS)
            assert len(contrasts) > 20 and min(contrasts)[0] >= 4.5, min(contrasts)
    browser.resize(1280, 900)


@pytest.mark.full
def test_all_is_reached_by_the_tabulator(browser):
    with explored(Drawing(tiny("StyleGAN2"), ["m"])) as (address, _):
        browser.open(address, "seed=3")
        browser.until(lambda: browser.text("status").startswith("Drawn in"))
        count = browser.driver.execute_script(_REACHABLE)
        ActionChains(browser.driver).send_keys(
            Keys.TAB, Keys.ENTER
        ).perform()  # skips to the controls
        reached, outline = set(), "return getComputedStyle(document.activeElement).outlineStyle"
        for _ in range(60):
            ActionChains(browser.driver).send_keys(Keys.TAB).perform()
            element = browser.driver.switch_to.active_element
            if element.tag_name in ("body", "html", "a"):
                break
            assert browser.driver.execute_script(outline) == "solid"  # the focus is seen
            reached.add(element.id)
        assert len(reached) >= count
