"""What has no room is not cut off, in a wide window and in a narrow one."""

import pytest

from semafo.runs.home import Home
from tests.support import fakes
from tests.support.serving import clean_console, showing, wait

pytestmark = [pytest.mark.browser]

# Right edges of options and formulas that lie beyond the visible part of what holds them
CUT_OFF = """() => [
    ["[data-testid=stButtonGroup]", "button"], ["[data-testid=stMarkdown]:has(.katex)", ".katex-html .base"]
].flatMap(([holder, part]) => [...document.querySelectorAll(holder)].flatMap(control => {
    const right = Math.min(control.getBoundingClientRect().right, innerWidth) + 1;
    return [...control.querySelectorAll(part)].filter(one => one.getBoundingClientRect().right > right)
        .map(one => one.textContent);
}))"""
N_FORMULAS = "() => document.querySelectorAll('[data-testid=stMarkdown]:has(.katex) .katex-html').length"


def test_every_option_and_formula_of_the_training_form_is_seen_whole(browser, tmp_path):
    home = Home.at(tmp_path / "home")
    fakes.write_inspection(home, fakes.MAPPED)
    with showing(home, tmp_path / "app.log") as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        with clean_console(page):
            page.goto(address)
            page.get_by_role("button", name="Or choose cells of your own").click(timeout=60_000)
            page.get_by_role("combobox", name="Data set").click()
            page.get_by_role("option", name="Simulated, small", exact=True).click()
            page.get_by_role("button", name="Use these cells").click()
            page.get_by_role("radio", name="Reference alone").wait_for()
            page.wait_for_function(N_FORMULAS)
            for width in (1440, 1024, 390):
                page.set_viewport_size({"width": width, "height": 900})
                page.wait_for_timeout(1000)  # the old layout may fit as well, until the page is drawn anew
                wait(lambda: page.evaluate(CUT_OFF) == [], 20, f"everything to be seen whole, {width} pixels wide")
        page.close()
