"""Pages in a browser: opened by Playwright in the Chromium that is installed, checked for accessibility by axe-core."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def opened(path: Path, width: int = 1280, fragment: str = "", **choices: object) -> Iterator:
    """A page from a file, without errors of its script and without a request to anywhere.

    Args:
        path: of the file.
        width: of the window, in pixels.
        fragment: of the address, with its `#`.
        choices: of Playwright's contexts, such as `color_scheme="dark"`.
    """
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian's package chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": width, "height": 800}, **choices).new_page()
        page.set_default_timeout(60_000)
        said, requests = [], []
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri() + fragment)
        try:
            yield page
            assert said == []
            assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
        finally:
            browser.close()


def violations(page) -> list[str]:
    """What axe-core finds that hinders readers: rule, and the first element that breaks it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    options = {"resultTypes": ["violations"], "preload": False}  # it would read style sheets by requests
    found = axe.Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]


def overflow(page) -> int:
    """Pixels by which a page is wider than its window."""
    return page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
