"""Takes the pictures of docs/pictures/: results, planner and programme, at two widths, light and dark.

    python -m benchmarks.pictures [FOLDER]

Fills a data folder of its own, starts Pitcairn on it, and looks at the pages with Debian's Chromium, or the one that
CHROMIUM names. Visitors come from a seed (`pictures_seed`), so that only dates differ from one time to the next.
"""

import base64
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.processes import _running, free_port

ROOT = Path(__file__).resolve().parent.parent

WIDTHS = (360, 1440)
QUALITY = 62
EMAIL = "demo@pitcairn.localhost"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pitcairn-pictures-") as data:
        environment = {**os.environ, "PITCAIRN_DATA": data}
        command = [sys.executable, "-m", "benchmarks.pictures_seed"]
        seeded = subprocess.run(command, env=environment, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        experience = seeded.stdout.split()[-1]
        url = f"http://localhost:{free_port()}"
        serve = [sys.executable, "-m", "pitcairn", "serve", "--port", url.rpartition(":")[2]]
        with _running(serve, environment, url, "/health", Path(data)):
            _take(url, (Path(data) / "initial-password").read_text().strip(), experience, folder)
    total = sum(one.stat().st_size for one in folder.glob("*.webp"))
    print(f"{folder}: {len(list(folder.glob('*.webp')))} pictures, {total / 1e6:.2f} MB")


def _take(url: str, password: str, experience: str, folder: Path) -> None:
    pages = {
        "results": f"/experiences/{experience}/results/",
        "plan": f"/experiences/{experience}/plan/?baseline=5.2&lift=20&traffic=1550",
        "programme": "/experiences/programme/",
    }
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-US", timezone_id="UTC"
                )
                page = context.new_page()
                page.goto(f"{url}/sign-in/")
                page.get_by_label("Email").fill(EMAIL)
                page.get_by_label("Password", exact=True).fill(password)
                page.get_by_role("button", name="Sign in").click()
                page.wait_for_url(f"{url}/")
                for name, address in pages.items():
                    page.goto(url + address)
                    page.locator("h1").first.wait_for()
                    page.evaluate("document.fonts.ready")
                    (folder / f"{name}-{width}-{scheme}.webp").write_bytes(_picture(page, width))
                context.close()
        browser.close()


def _picture(page: Page, width: int) -> bytes:
    """The whole page as WebP, which Playwright itself does not write."""
    height = page.evaluate("document.documentElement.scrollHeight")
    taken = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot",
        {
            "format": "webp",
            "quality": QUALITY,
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
        },
    )
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    main()
