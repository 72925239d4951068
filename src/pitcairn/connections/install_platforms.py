"""Where the tag goes on each kind of website, with the code as that platform wants it. `docs/tag.md` says the same in words."""

from dataclasses import dataclass

INLINE = "With the shim inline, as there is no file of your own to serve."


@dataclass(frozen=True, kw_only=True)
class Platform:
    """`note` says where the code goes. Without `code` there is no good place for it."""

    key: str
    label: str
    note: str
    code: str = ""


def platforms(url: str, write_key: str, inline: str) -> list[Platform]:
    """The platforms, the plainest first. `inline` is the tag's script element that needs no file beside it."""
    names = f'data-pitcairn-host="{url}" data-write-key="{write_key}"'
    tag = f'<script src="/shim.js" {names}></script>'
    return [
        Platform(
            key="plain",
            label="Plain HTML",
            note="First in the head of every page, or of the template that makes them (PHP, Rails, Django): before style sheets "
            "and other scripts.",
            code=f"<head>\n  {tag}",
        ),
        Platform(
            key="next",
            label="Next.js",
            note="App Router: in app/layout.js. Pages Router: first in <Head> of pages/_document.js. Put shim.js into public/. "
            "Not by next/script, which comes after the first paint.",
            code=(
                f'<html lang="en">\n  <head>\n    <script src="/shim.js" {names} />\n  </head>\n'
                "  <body>{children}</body>\n</html>"
            ),
        ),
        Platform(
            key="react",
            label="React",
            note="With Vite and others like it: in index.html, before everything else of the head; shim.js in public/. Remix and "
            "React Router: in the <head> of app/root.",
            code=tag,
        ),
        Platform(
            key="vue",
            label="Vue",
            note="Nuxt: in nuxt.config.ts; shim.js in public/. Without Nuxt: as plain HTML, in index.html.",
            code=(
                "export default defineNuxtConfig({\n  app: {\n    head: {\n      script: [\n        {\n"
                f'          src: "/shim.js",\n          "data-pitcairn-host": "{url}",\n'
                f'          "data-write-key": "{write_key}",\n'
                '          tagPosition: "head",\n          tagPriority: "critical",\n'
                "        },\n      ],\n    },\n  },\n});"
            ),
        ),
        Platform(
            key="svelte",
            label="Svelte",
            note="SvelteKit: in src/app.html, before %sveltekit.head%; shim.js in static/. Without SvelteKit: as plain HTML, in "
            "index.html.",
            code=f"{tag}\n%sveltekit.head%",
        ),
        Platform(
            key="wordpress",
            label="WordPress",
            note="In header.php of the child theme, before wp_head(), with shim.js beside it. Leave it out of what caching "
            "plugins delay or combine.",
            code=f'<script src="<?php echo get_stylesheet_directory_uri(); ?>/shim.js" {names}></script>\n<?php wp_head(); ?>',
        ),
        Platform(
            key="webflow",
            label="Webflow",
            note=f"Site settings, Custom code, Head code. {INLINE} Squarespace, Wix and HubSpot have a setting like it.",
            code=inline,
        ),
        Platform(
            key="shopify",
            label="Shopify",
            note="In theme.liquid, before content_for_header; upload shim.js to the theme's assets.",
            code=f"<script src=\"{{{{ 'shim.js' | asset_url }}}}\" {names}></script>\n{{{{ content_for_header }}}}",
        ),
        Platform(
            key="gtm",
            label="Tag manager",
            note="Google Tag Manager and others load what they hold after the first paint, so visitors would see the original "
            "first. Put the code into the page itself, as for plain HTML.",
        ),
    ]
