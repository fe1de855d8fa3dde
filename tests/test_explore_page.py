"""The page of `tfgan-zoo explore` in Chromium: each control, by mouse and by keyboard.

Skipped where there is no chromium and chromedriver on the PATH.
"""

import pytest
from cases import make
from explored import edited, explored, picture, pixels, tiny
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

import tfgan_zoo
from tfgan_zoo.explore import Drawing, ServedModel, Translation
from tfgan_zoo.explore.pictures import png


def test_seed_mixing_history_and_command(browser):
    gan = tiny("DCGAN")
    with explored(Drawing(gan, ["m"])) as (address, _):
        browser.open(address)
        browser.expect(gan.generate(1, 0)[0], seed=0)
        browser.find("Next").click()
        browser.expect(gan.generate(1, 1)[0], seed=1)
        browser.write("Seed", "1e5")  # browsers take that for a number
        browser.until(lambda: browser.text("error") == "Seed: Write it as digits.")
        browser.find("Next").click()
        browser.expect(gan.generate(1, 2)[0], seed=2)
        browser.write("Seed", "7")
        browser.expect(gan.generate(1, 7)[0], seed=7)
        browser.slide("Share of the second seed", Keys.PAGE_UP)  # one key: one entry, however slow
        browser.expect(edited(gan, seed=7, toward=1, share=0.1), toward=1, share=0.1)
        command = "tfgan-zoo draw m --seed 7 --toward 1 --share 0.1 --out picture.png"
        browser.until(lambda: browser.text("command") == command)
        browser.driver.back()
        browser.expect(gan.generate(1, 7)[0], seed=7)
        assert browser.find("Share of the second seed").get_attribute("value") == "0"
        browser.driver.forward()
        browser.expect(edited(gan, seed=7, toward=1, share=0.1), share=0.1)
        history = browser.driver.find_elements(By.CSS_SELECTOR, "#history button")
        assert len(history) == 5 and history[0].get_attribute("aria-current") == "true"
        history[4].click()
        browser.expect(gan.generate(1, 0)[0], seed=0)
        browser.check_no_faults()


@pytest.mark.full
def test_truncation_and_directions(browser):
    gan = tiny("DCGAN")
    with explored(Drawing(gan, ["m"])) as (address, _):
        browser.open(address, "seed=3")
        browser.slide("Truncation", Keys.ARROW_LEFT, 2)
        browser.expect(gan.generate(1, 3, truncation=0.9)[0], truncation=0.9)
        browser.slide("Truncation", Keys.END)
        browser.until(lambda: browser.state() == {"seed": "3"})
        browser.slide("Direction 2", Keys.ARROW_RIGHT, 5)
        browser.expect(edited(gan, seed=3, moves=((2, 0.5),)), moves="2=0.5")
        browser.slide("Direction 1", Keys.ARROW_LEFT, 4)
        both = edited(gan, seed=3, moves=((2, 0.5), (1, -0.4)))
        browser.expect(both, moves="2=0.5;1=-0.4")
        assert (both != gan.generate(1, 3)[0]).any()
        browser.find("Set all to 0").click()
        browser.until(lambda: browser.state() == {"seed": "3"})
        browser.write("Seed", "3")
        link = browser.find("Download PNG")
        assert link.get_attribute("download") == "picture.png"
        browser.expect(gan.generate(1, 3)[0], seed=3)
        shown = browser.driver.find_element(By.ID, "picture").get_attribute("src")
        assert link.get_attribute("href") == shown and shown.startswith("blob:")
        browser.find("Random").click()
        browser.until(lambda: browser.state()["seed"] != "3")
        browser.check_no_faults()


@pytest.mark.full
def test_labels(browser):
    gan = tiny("BigGAN")
    gan.class_names = ["apple", "pear", "plum"]
    with explored(Drawing(gan, ["m"])) as (address, _):
        browser.open(address)
        browser.expect(gan.generate(1, 0, labels=0)[0], label=0)
        Select(browser.find("Label")).select_by_visible_text("2 plum")
        browser.expect(gan.generate(1, 0, labels=2)[0], label=2)
        assert "plum" in browser.driver.find_element(By.ID, "picture").get_attribute("alt")
        browser.until(lambda: "--label plum" in browser.text("command"))


@pytest.mark.full
def test_texts(browser):
    gan = tiny("TextGAN")
    with explored(Drawing(gan, ["m"])) as (address, _):
        browser.open(address)
        browser.expect(gan.generate(1, 0, texts="red apple")[0], text="red apple")
        browser.write("Text", "it's a “dog” & <b>")
        browser.expect(gan.generate(1, 0, texts="it's a “dog” & <b>")[0], text="it's a “dog” & <b>")


class Served:
    """A server's client, as far as a page asks it."""

    def __init__(self, gan):
        self._gan = gan

    def metadata(self):
        return {"generate_png": {"inputs": {"seed": None, "text": None}}}

    def generate_png(self, n, seed, texts):
        return [png(self._gan.generate(n, seed, texts=texts)[0])]


@pytest.mark.full
def test_a_served_model(browser):
    gan = tiny("TextGAN")
    with explored(ServedModel(Served(gan), "localhost:8500", "m")) as (address, _):
        browser.open(address)
        browser.until(lambda: browser.text("empty").startswith("Type a text"))
        assert "explore the model itself" in browser.text("absent")
        browser.write("Text", "dog")
        browser.expect(gan.generate(1, 0, texts="dog")[0], text="dog")
        browser.find("Next").click()
        browser.expect(gan.generate(1, 1, texts="dog")[0], seed=1)
        labels = "return [...document.querySelectorAll('#form label')].map((x) => x.textContent)"
        assert browser.driver.execute_script(labels) == ["Seed", "Text"]
        assert browser.text("command").endswith("--n 1 --seed 1 --text dog --out picture.png")


@pytest.mark.full
def test_styles(browser):
    gan = tiny("StyleGAN2")
    with explored(Drawing(gan, ["m"])) as (address, _):
        browser.open(address, "seed=3")
        browser.write("Seed of the styles", "5")
        browser.find("1").send_keys(Keys.SPACE)
        browser.find("2").click()
        mixed = edited(gan, seed=3, style_seed=5, style_layers=(1, 2))
        browser.expect(mixed, style_seed=5, style_layers="1,2")
        assert (mixed != gan.generate(1, 3)[0]).any()
        browser.slide("Direction 1", Keys.ARROW_RIGHT, 10)
        moved = edited(gan, seed=3, style_seed=5, style_layers=(1, 2), moves=((1, 1.0),))
        browser.expect(moved, moves="1=1")


@pytest.mark.full
def test_codes(browser):
    gan = tiny("InfoGAN")
    with explored(Drawing(gan, ["m"])) as (address, _):
        browser.open(address, "seed=3")
        Select(browser.find("Code 0")).select_by_value("2")
        browser.expect(edited(gan, seed=3, codes=((0, 2),)), codes="0=2")
        browser.slide("Code 2", Keys.ARROW_RIGHT, 2)
        browser.expect(edited(gan, seed=3, codes=((0, 2), (2, 0.2))), codes="0=2;2=0.2")
        Select(browser.find("Code 0")).select_by_visible_text("the seed’s")
        browser.until(lambda: browser.state()["codes"] == "2=0.2")


@pytest.mark.full
def test_a_direction_between_classes(browser):
    gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")
    with explored(Drawing(gan, ["m"])) as (address, _):
        browser.open(address, "seed=3")
        Select(browser.find("To")).select_by_visible_text("Dress")
        browser.find("Find the direction").click()
        browser.slide("T-shirt/top to Dress", Keys.ARROW_RIGHT, 15)
        moved = edited(gan, seed=3, class_moves=(((0, 3), 1.5),))
        browser.expect(moved, class_moves="0,3=1.5", extractor="lenet_fashion_mnist")
        assert (moved != gan.generate(1, 3)[0]).any()
        browser.until(lambda: "--class-move 0,3=1.5" in browser.text("command"))
    with explored(Drawing(gan, ["m"])) as (address, _):  # finds it again, of the address alone
        browser.open(address, "seed=3&class_moves=0%2C3%3D1.5&extractor=lenet_fashion_mnist")
        browser.expect(moved, class_moves="0,3=1.5")
        browser.open(address, "seed=3&class_moves=0%2C3%3D0.1&samples=500")
        few = edited(gan, seed=3, class_moves=(((0, 3), 0.1),), samples=500)
        browser.expect(few, class_moves="0,3=0.1", samples="500")
        browser.slide("T-shirt/top to Dress", Keys.ARROW_LEFT)  # to 0: the seed alone is left
        browser.until(lambda: browser.drawn() == {"seed": "3"})


@pytest.mark.full
def test_projection(browser, tmp_path):
    gan = tiny("DCGAN")
    (tmp_path / "a b.png").write_bytes(picture())
    with explored(Drawing(gan, ["m"])) as (address, explore):
        browser.open(address, "seed=3")
        browser.expect(gan.generate(1, 3)[0], seed=3)
        browser.find("Project").click()
        browser.until(lambda: "choose a picture first" in browser.text("error"))
        browser.find("Picture").send_keys(str(tmp_path / "a b.png"))
        browser.write("Steps", "2000")
        browser.find("Project").click()
        browser.until(lambda: browser.text("job-name") == "The projection")
        browser.find("Cancel").click()
        browser.until(lambda: "was cancelled" in browser.text("status"))
        browser.write("Steps", "4")
        browser.find("Project").click()
        point = browser.until(lambda: browser.state().get("point"))
        start, _ = explore.backend._points[point]
        browser.expect(edited(gan, point=start), point=point)
        browser.slide("Direction 1", Keys.ARROW_RIGHT, 5)
        browser.expect(edited(gan, point=start, moves=((1, 0.5),)), moves="1=0.5")
        browser.until(lambda: "project m --images 'a b.png' --steps 4" in browser.text("command"))
        browser.find("Back to the seed").click()
        browser.expect(edited(gan, seed=3, moves=((1, 0.5),)), seed=3)


@pytest.mark.full
@pytest.mark.parametrize("variant", ["RealESRGAN", "CycleGAN", "StarGAN", "AdaIN"])
def test_translation(browser, tmp_path, variant):
    model = make(variant)
    (tmp_path / "a.png").write_bytes(file := picture(12, 20))
    (tmp_path / "style.png").write_bytes(style := picture(16, 16, seed=1))
    options = {"CycleGAN": {"direction": "backward"}, "StarGAN": {"domain": 2}}
    options |= {"AdaIN": {"styles": pixels(style)}}
    with explored(Translation(model, ["m"])) as (address, _):
        browser.open(address)
        browser.find("Picture").send_keys(str(tmp_path / "a.png"))
        if variant == "CycleGAN":
            Select(browser.find("Direction")).select_by_value("backward")
        if variant == "StarGAN":
            Select(browser.find("Domain")).select_by_value("2")
        if variant == "AdaIN":
            browser.find("Picture of the style").send_keys(str(tmp_path / "style.png"))
        browser.find("Enlarge 2 times" if variant == "RealESRGAN" else "Translate").send_keys(
            Keys.ENTER
        )
        made = browser.until(lambda: browser.state().get("made"))
        browser.expect(model.translate(pixels(file), **options.get(variant, {})), made=made)
        assert browser.text("command").startswith("tfgan-zoo translate m a.png picture.png")


@pytest.mark.full
def test_a_wrong_address_is_told(browser):
    with explored(Drawing(tiny("DCGAN"), ["m"])) as (address, _):
        browser.open(address, "seed=3&truncation=7")
        browser.until(lambda: "truncation must lie in (0, 1]" in browser.text("error"))
        browser.open(address, "sed=3")
        browser.until(lambda: "Did you mean 'seed'" in browser.text("error"))
