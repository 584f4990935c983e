"""The page in a real browser: every tab paints, wrong characters get an answer, tabs do not mix, all is local."""

import io
import json
import shutil
import socket
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from tests.helpers import runs
from tfglyph.latent.explore import load_state
from tfglyph.studio.state import enlarged
from tfglyph.studio.uploads import LARGEST

pytestmark = pytest.mark.slow
CONNECTED = set()  # hosts that this process, the server's, has connected to
WAIT = 60  # seconds for anything to appear, on a machine that is busy with something else


def missing():
    """What the test needs and this machine lacks, or None."""
    for module in ("gradio", "selenium"):
        try:
            __import__(module)
        except ImportError:
            return f"{module} is not installed"
    if not (shutil.which("chromium") or shutil.which("google-chrome")) or not shutil.which("chromedriver"):
        return "no browser: install Debian's chromium and chromium-driver"
    return None


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(address, list of LoadedModel) of a page with a VAE-GAN and an InfoGAN."""
    reason = missing()
    if reason:
        print(f"skipped: {reason}")
        pytest.skip(reason)
    from tfglyph.studio.server import load_models, opened

    connect = socket.socket.connect

    def connect_and_note(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            CONNECTED.add(address[0])
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_and_note)
        patch.setenv("TFGLYPH_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name in ("GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE", "GRADIO_TEMP_DIR", "NO_PROXY", "no_proxy"):
            patch.setenv(name, "")  # put back afterwards
        parent = tmp_path_factory.mktemp("logdir") / "train"
        stats = [{"loss/generator": 1 / step} for step in range(1, 9)]
        models, _ = load_models([str(runs.save_run(parent, each, stats)) for each in (runs.VAEGAN, runs.INFOGAN)])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with opened(models, ["a broken one: <i>message</i>"], port=port) as address:
            yield address, models


@pytest.fixture(scope="module")
def browser(served):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1300,1000",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    opened = Browser(driver, served[0])
    opened.open()  # so that each test can also run alone
    yield opened
    driver.quit()


class Browser:
    """The few things that a person does with a page."""

    def __init__(self, driver, address):
        self.driver, self.address = driver, address

    def until(self, look):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, WAIT, poll_frequency=0.1).until(lambda driver: look())

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def open(self):
        self.driver.get(self.address)
        self.until(lambda: self.all("#generate-run"))

    def tab(self, title):
        self.until(lambda: [each for each in self.all("button[role=tab]") if each.text == title])[0].click()

    def click(self, element_id, index=0):
        element = self.until(lambda: [each for each in self.all(element_id) if each.is_displayed()][index:])[0]
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def type(self, element_id, text):
        field = self.until(lambda: self.all(f"{element_id} input, {element_id} textarea"))[0]
        field.clear()
        field.send_keys(text)

    def image(self, element_id, index=0):
        """The pixels of an image of the page, as the server sends them."""
        source = self.until(lambda: [each.get_attribute("src") for each in self.all(f"{element_id} img")][index:])[0]
        assert source.startswith(self.address)
        with urllib.request.urlopen(source) as answer, Image.open(io.BytesIO(answer.read())) as image:
            return np.asarray(image), getattr(image, "n_frames", 1)


def test_generate_shows_the_models_side_by_side_and_one_image_large(browser, served):
    browser.open()
    assert "a broken one: <i>message</i>" in browser.all(".problem")[0].text
    browser.type("#generate-seed", "5")
    browser.click("#generate-run")
    for number, loaded in enumerate(served[1]):
        browser.until(lambda number=number: len(browser.all(f"#generate-gallery-{number} img")) == 16)
        expected = enlarged(loaded.model.sample_seeds([7])[0], 96)[..., 0]
        np.testing.assert_array_equal(browser.image(f"#generate-gallery-{number}", 2)[0], expected)
    browser.click("#generate-gallery-0 img", 2)
    assert browser.image("#generate-large-0")[0].shape == (512, 512)
    browser.until(lambda: "seed 7" in browser.all("#generate-about-0")[0].text)
    browser.until(lambda: "Download seed 7" in browser.all("#generate-download-0")[0].text)


def test_interpolate_walks_between_characters_for_models_that_encode(browser, served):
    browser.tab("Interpolate")
    browser.type("#interpolate-first", "酪")
    browser.type("#interpolate-second", "鉸")
    browser.click("#interpolate-run")
    row, _ = browser.image("#interpolate-row-0")
    glyphs = served[1][0].glyphs
    np.testing.assert_array_equal(row[4:68:2, 4:68:2], glyphs.images[glyphs.rows_by_character()["酪"]][..., 0])
    assert browser.image("#interpolate-moving-0")[1] > 10
    assert browser.image("#interpolate-still-0")[0].shape == (320, 320)
    assert not browser.all("#interpolate-row-1 img")


def test_arithmetic_paints_and_answers_a_character_that_the_data_lacks(browser):
    browser.tab("Arithmetic")
    browser.click("#arithmetic-run")
    assert browser.image("#arithmetic-figure-0")[0].shape[0] > 500
    browser.type("#arithmetic-terms", "酪か鉸")
    browser.click("#arithmetic-run")
    browser.until(lambda: any("data set cns lacks か (U+304B)" in each.text for each in browser.all(".toast-body")))


def test_explore_shows_four_directions_and_saves_the_verdicts(browser, served):
    browser.tab("Explore")
    browser.click("#explore-begin")
    for number in range(4):
        assert browser.image(f"#explore-direction-{number}")[1] > 10
    browser.click("#explore-verdict-2 label", 0)
    browser.click("#explore-next")
    browser.until(lambda: "Round 2" in browser.all("#explore-status")[0].text)
    assert "1 accepted, 3 rejected" in browser.all("#explore-status")[0].text
    saved = served[1][0].model.run.output_directory / "explore-1" / "state.json"
    assert [number for _, number, _ in load_state(saved).kept] == [2]


def test_codes_and_about_have_their_pictures(browser):
    browser.tab("Codes")
    browser.click("#codes-run-0")
    assert browser.image("#codes-image-0")[0].shape == (320, 320)
    browser.click("#codes-grid-0")
    browser.until(lambda: len(browser.all("#codes-grids-0 img")) == 2)
    browser.tab("About")
    assert browser.image("#about-curves-1")[0].shape == (420, 720, 3)
    assert "VAE-GAN, images of 32 × 32 × 1" in browser.all("#about-summary-0")[0].text


def test_two_browser_tabs_at_once_do_not_mix(browser, served):
    driver, seeds = browser.driver, {}
    browser.open()
    for seed in (100, 200):
        if seeds:
            driver.switch_to.new_window("tab")
            browser.open()
        seeds[driver.current_window_handle] = seed
        browser.type("#generate-seed", str(seed))
        browser.click("#generate-run")  # the second begins while the first may still work
    for window in seeds:
        driver.switch_to.window(window)
        browser.until(lambda: len(browser.all("#generate-gallery-1 img")) == 16)
    for window, seed in seeds.items():
        driver.switch_to.window(window)
        browser.click("#generate-gallery-0 img", 1)
        browser.until(lambda seed=seed: f"seed {seed + 1}" in browser.all("#generate-about-0")[0].text)
        expected = enlarged(served[1][0].model.sample_seeds([seed + 1])[0], 512)[..., 0]
        np.testing.assert_array_equal(browser.image("#generate-large-0")[0], expected)


def test_nothing_was_requested_from_another_machine(browser):
    requested = set()
    for line in browser.driver.get_log("performance"):
        event = json.loads(line["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            requested.add(event["params"]["request"]["url"])
    assert len(requested) > 20
    assert {url for url in requested if not url.startswith((browser.address, "data:", "blob:"))} == set()
    assert not CONNECTED - {"127.0.0.1", "localhost", "::1"}, "the server asked another machine"


def upload(address, size):
    """Sends a file of so many bytes as the page does: the answer's status."""
    head = b'--end\r\nContent-Disposition: form-data; name="files"; filename="a.ttf"\r\n\r\n'
    request = urllib.request.Request(
        address + "gradio_api/upload",
        head + bytes(size) + b"\r\n--end--\r\n",
        {"Content-Type": "multipart/form-data; boundary=end"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_fonts_can_be_dropped_and_larger_files_not(served):
    assert upload(served[0], 20 << 20) == 200  # a font of 30,000 characters
    assert upload(served[0], LARGEST + 1) == 413


@pytest.mark.parametrize("path", ["/etc/hostname", "setup.cfg", "../setup.cfg"])
def test_files_of_the_machine_are_not_served(served, path):
    for route in ("gradio_api/file=", "file=", "gradio_api/static/", "static/"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(served[0] + route + path)
        assert caught.value.code in (403, 404)
