"""What the statements about analytics.js are tested with: see `clients`."""

from browser.conftest import browser, context
from clients.conftest import address

__all__ = ["address", "browser", "context"]
