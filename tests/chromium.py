"""Chromium, driven by tests of pages."""

import shutil
import time
import urllib.parse

import numpy as np
from selenium import webdriver
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_SECONDS = 60
# The control of a label, or the button of a text.
_FIND = """
const name = (e) => (e.labels?.[0]?.textContent || e.textContent).trim();
const all = [...document.querySelectorAll("input, select, button, a")];
return all.find((e) => name(e) === arguments[0]);
"""
# The pixels of an image element, through a canvas: grey as RGB.
_PIXELS = """
const image = document.getElementById("picture"), canvas = document.createElement("canvas");
[canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
const context = canvas.getContext("2d");
context.drawImage(image, 0, 0);
return [canvas.height, canvas.width, ...context.getImageData(0, 0, canvas.width, canvas.height).data];
"""


class Browser:
    """Chromium on a page."""

    def __init__(self, width=1280, height=900):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for option in ("--headless=new", "--no-sandbox", "--disable-gpu"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
        self.resize(width, height)

    def resize(self, width, height):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def open(self, address, state=""):
        self.driver.get("about:blank")
        self.driver.get(f"{address}/#{state}")

    def find(self, label):
        """The control of a label, or the button of a text."""
        return self.until(lambda: self.driver.execute_script(_FIND, label))

    def until(self, function):
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            found = function()
            if found is not None and found is not False:
                return found
            time.sleep(0.05)
        raise AssertionError(self.driver.find_element(By.TAG_NAME, "body").text)

    def drawn(self):
        """The state that is shown, once all of it is drawn."""
        asked = self.driver.execute_script("return document.body.dataset.drawn") or ""
        is_drawn = self.text("status").startswith("Drawn in")
        return dict(urllib.parse.parse_qsl(asked)) if is_drawn else {}

    def state(self):
        return dict(urllib.parse.parse_qsl(self.driver.current_url.partition("#")[2]))

    def expect(self, image, **state):
        """Waits for a state, and compares the pixels that are shown then."""
        wanted = {name: str(value) for name, value in state.items()}
        self.until(lambda: wanted.items() <= self.drawn().items())
        found = self.driver.execute_script(_PIXELS)
        shown = np.reshape(found[2:], (*found[:2], 4))[..., : image.shape[-1]]
        np.testing.assert_array_equal(shown, image)

    def text(self, id):
        return self.driver.find_element(By.ID, id).text

    def slide(self, label, key, times=1):
        """Moves a slider by keys, as someone without a mouse does."""
        slider = self.find(label)
        self.driver.execute_script("arguments[0].focus()", slider)
        for _ in range(times):
            slider.send_keys(key)

    def write(self, label, text):
        box = self.find(label)
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(text, Keys.ENTER)

    def check_no_faults(self):
        assert not [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
