"""The code that makes a website, an app or a server send its calls here: complete, to be copied as it stands."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pitcairn.connections.models import SourceKind


@dataclass(frozen=True, kw_only=True)
class Example:
    """Install code for one kind of client; `note` is the sentence above it."""

    key: str
    label: str
    note: str
    code: str


def examples(url: str, write_key: str, kind: str, *, shim: str = "") -> list[Example]:
    """The examples for this server and source, the one that fits the kind of source first.

    `url` is this server's address as browsers reach it, without a slash at the end. `shim` is the built code that loads
    the tag; without it, the tag is loaded by its address.
    """
    browser = Example(
        key="browser",
        label="Website",
        note=(
            "Put it into the head of every page, before style sheets and other scripts. It loads the tag, which "
            "personalizes the page and reports each view; a server that does not answer costs the visitor 400 ms."
        ),
        code=_tag(url, write_key, shim),
    )
    analytics = Example(
        key="analytics",
        label="analytics.js",
        note="Segment's own client library from npm, @segment/analytics-next, pointed at this server.",
        code=_analytics_next(url, write_key),
    )
    node = Example(
        key="node",
        label="Node",
        note="Segment's own client library from npm: @segment/analytics-node.",
        code=_node(url, write_key),
    )
    python = Example(
        key="python",
        label="Python",
        note="Segment's own client library: segment-analytics-python.",
        code=_python(url, write_key),
    )
    by_hand = Example(key="curl", label="By hand", note="One call, to see that it arrives.", code=_curl(url, write_key))
    if kind == SourceKind.SERVER:
        return [node, python, by_hand]
    if kind == SourceKind.MOBILE:
        return [by_hand, node, python]
    return [browser, analytics, node, python, by_hand]


def _tag(url: str, write_key: str, shim: str) -> str:
    if not shim:
        return f'<script src="{url}/tag/{write_key}.js"></script>'
    # Nothing in the shim may end the script element that it stands in.
    code = shim.strip().replace("</", "<\\/")
    return f'<script data-pitcairn-host="{url}" data-write-key="{write_key}">{code}</script>'


def _analytics_next(url: str, write_key: str) -> str:
    parts = urlsplit(url)
    return f"""import {{ AnalyticsBrowser }} from "@segment/analytics-next";

export const analytics = AnalyticsBrowser.load(
  {{ writeKey: "{write_key}", cdnURL: "{url}" }},
  {{ integrations: {{ "Segment.io": {{ apiHost: "{parts.netloc}/v1", protocol: "{parts.scheme}" }} }} }},
);

analytics.page();
analytics.identify("user-1", {{ company: {{ employee_count: 40 }} }});
analytics.track("Clicked Login Button");"""


def _node(url: str, write_key: str) -> str:
    return f"""import {{ Analytics }} from "@segment/analytics-node";

const analytics = new Analytics({{ writeKey: "{write_key}", host: "{url}" }});

analytics.identify({{ userId: "user-1", traits: {{ company: {{ employee_count: 40 }} }} }});
analytics.track({{ userId: "user-1", event: "Clicked Login Button" }});
await analytics.closeAndFlush();"""


def _python(url: str, write_key: str) -> str:
    return f"""import segment.analytics as analytics

analytics.write_key = "{write_key}"
analytics.host = "{url}"

analytics.identify("user-1", {{"company": {{"employee_count": 40}}}})
analytics.track("user-1", "Clicked Login Button")
analytics.flush()"""


def _curl(url: str, write_key: str) -> str:
    return f"""curl {url}/v1/track \\
  --header 'content-type: application/json' \\
  --data '{{"writeKey": "{write_key}", "userId": "user-1", "event": "Clicked Login Button"}}'"""
