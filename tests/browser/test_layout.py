"""What has no room is not cut off, in a wide window and in a narrow one."""

import pytest

from semafo.runs.home import Home
from tests.support import fakes
from tests.support.serving import clean_console, serving

pytestmark = [pytest.mark.browser]

# Right edges that lie beyond the visible part of their control
CUT_OFF = """() => [...document.querySelectorAll("[data-testid=stButtonGroup]")].flatMap(control => {
    const right = Math.min(control.getBoundingClientRect().right, innerWidth) + 1;
    return [...control.querySelectorAll("button")].filter(button => button.getBoundingClientRect().right > right)
        .map(button => button.textContent);
})"""


def test_every_option_of_the_training_form_is_seen_whole(browser, tmp_path):
    home = Home.at(tmp_path / "home")
    fakes.write_inspection(home, fakes.MAPPED)
    with serving(home, tmp_path / "app.log") as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        with clean_console(page):
            page.goto(address)
            page.get_by_role("button", name="Or choose cells of your own").click(timeout=60_000)
            page.get_by_role("combobox", name="Data set").click()
            page.get_by_role("option", name="Simulated, small", exact=True).click()
            page.get_by_role("button", name="Use these cells").click()
            page.get_by_role("radio", name="Reference alone").wait_for()
            assert page.evaluate(CUT_OFF) == []
            page.set_viewport_size({"width": 390, "height": 844})
            page.wait_for_timeout(1000)
            assert page.evaluate(CUT_OFF) == []
        page.close()
