"""Completed fonts in a real browser: they load, mix old and new glyphs, and draw what was put in; the page works."""

import base64
import io
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.completion.completing_test import HAS, LACKS, TrueGlyphs, run
from tests.helpers import fonts
from tfglyph.completion import ask, plan, write_page
from tfglyph.completion.completing import Options, complete
from tfglyph.fontfiles import open_font
from tfglyph.outlines import overlap

pytestmark = pytest.mark.slow
SIDE = 100
PAGE = """<!doctype html><meta charset="utf-8"><style>@font-face {{ font-family: completed; src: url("{url}"); }}
p {{ font: {side}px/1 completed, monospace; margin: 0; }}</style><p>{text}</p>"""


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("selenium")
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    if not binary or not shutil.which("chromedriver"):
        pytest.skip("no browser: install Debian's chromium and chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_window_size(800, 600)
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


def shown(browser, font: pathlib.Path, text: str) -> list[np.ndarray]:
    """What the browser draws for each character: uint8 (SIDE, SIDE), ink 255 on 0."""
    url = f"data:font/{font.suffix[1:]};base64,{base64.b64encode(font.read_bytes()).decode()}"
    page = font.with_suffix(".test.html")
    page.write_text(PAGE.format(url=url, side=SIDE, text=text), encoding="utf-8")
    browser.get(page.as_uri())
    loaded = browser.execute_async_script(
        "const done = arguments[0]; document.fonts.load('100px completed', '森').then("
        "faces => done(faces.length && faces.every(face => face.status === 'loaded')), () => done(false));"
    )
    assert loaded, "the browser refuses the font"
    screen = np.asarray(Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("L"))
    return [255 - screen[:SIDE, SIDE * n : SIDE * (n + 1)] for n in range(len(text))]


@pytest.mark.parametrize(("kind", "suffix"), [("glyf", ".ttf"), ("CFF ", ".otf"), ("CID", ".otf"), ("glyf", ".woff2")])
def test_old_and_new_glyphs_stand_side_by_side(browser, tmp_path, kind, suffix):
    whole = fonts.write(tmp_path / "whole.ttf", characters=HAS + LACKS)
    path = fonts.write(tmp_path / ("a.ttf" if kind == "glyf" else "a.otf"), kind, characters=HAS)
    output = tmp_path / f"made{suffix}"
    reference = open_font(whole)
    file = open_font(path)
    complete(plan(file, ask(file, text=LACKS)), TrueGlyphs(reference), Options(str(path), output, "Completed"))
    text = "一森木晶"
    for actual, expected in zip(shown(browser, output, text), shown(browser, whole, text), strict=True):
        assert expected.max() > 200
        assert overlap(actual, expected) > 0.93
    # Without them the browser shows another font's, or, where no font has them, this one's bars for "no such glyph".
    assert overlap(shown(browser, path, text)[1], shown(browser, whole, text)[1]) < 0.8


def test_ticks_become_a_list(browser, tmp_path):
    whole = open_font(fonts.write(tmp_path / "whole.ttf", characters=HAS + LACKS))
    report = run(tmp_path, TrueGlyphs(whole))
    browser.get(write_page(report).as_uri())
    boxes = browser.find_elements("css selector", "article input")
    assert sorted(box.get_attribute("value") for box in boxes) == sorted(LACKS)
    assert not browser.find_element("id", "save").is_enabled()
    boxes[0].click()
    assert browser.find_element("id", "count").text == "1"
    kept = browser.execute_async_script(
        "const done = arguments[0]; const make = URL.createObjectURL;"
        "URL.createObjectURL = blob => { blob.text().then(done); return make.call(URL, blob); };"
        "document.getElementById('save').click();"
    )
    assert kept == boxes[0].get_attribute("value") + "\n"
    large = browser.execute_script("return getComputedStyle(document.querySelector('.large')).fontFamily")
    assert large == "completed"
