"""The tag's file: its built code and, appended, what it must know of the workspace."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from pitcairn.edge.personalize import tag_configuration
from pitcairn.edge.responses import CORS, Headers, Send, send_bytes, send_error
from pitcairn.edge.snapshot import Snapshot

BUILT = Path(__file__).parent / "built"
_SCRIPT = (b"content-type", b"text/javascript; charset=utf-8")
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")


class TagNotBuilt(Exception):
    """`browser/` has not been built."""


class _Built(msgspec.Struct):
    file: str


class _Manifest(msgspec.Struct):
    latest: str
    versions: dict[str, _Built]
    components: dict[str, _Built]


class TagFiles:
    """The built versions of the tag, and of the components that it loads. A version never changes: its name ends with the
    hash of its content. Each version of the tag names its version of the components in its code.
    """

    def __init__(self, folder: Path = BUILT) -> None:
        try:
            manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=_Manifest)
        except FileNotFoundError as error:
            raise TagNotBuilt(
                f"{folder / 'manifest.json'} is missing; run `make install`, which builds the tag"
            ) from error
        self.latest = manifest.latest
        self._code = {version: (folder / built.file).read_bytes() for version, built in manifest.versions.items()}
        self._components = {
            version: (folder / built.file).read_bytes() for version, built in manifest.components.items()
        }
        shim = folder / "shim.js"
        self.shim = shim.read_bytes() if shim.exists() else b""

    def code(self, version: str) -> bytes | None:
        return self._code.get(version)

    def components(self, version: str) -> bytes | None:
        return self._components.get(version)


async def answer_tag(
    send: Send, tag_path: str, files: TagFiles, snapshot: Snapshot, host: str, if_none_match: bytes
) -> None:
    """`tag_path` is `KEY.js`, `VERSION/KEY.js`, `components/VERSION.js` or `shim.js`."""
    if tag_path == "shim.js":
        await send_bytes(send, files.shim, [_SCRIPT, (b"cache-control", b"public, max-age=3600"), *CORS])
        return
    version, _, file = tag_path.rpartition("/")
    if version == "components":
        components = files.components(file.removesuffix(".js"))
        if components is None or not file.endswith(".js"):
            await send_error(send, 404, "not_found", f"There is no version {file!r} of the components")
            return
        await send_bytes(send, components, [_SCRIPT, _FOR_EVER, *CORS])
        return
    version = version or files.latest
    source = snapshot.sources.get(file.removesuffix(".js"))
    code = files.code(version)
    if source is None or code is None or not file.endswith(".js"):
        what = f"no version {version!r} of the tag" if source is not None else "no source with this write key"
        await send_error(send, 404, "not_found", f"There is {what}")
        return
    configuration = msgspec.json.encode(tag_configuration(source, snapshot, host, version))
    # `</script` cannot end a script that is loaded by address; the escape is for those who paste the file into a page.
    body = code + b"\n__pitcairnTag(" + configuration.replace(b"</", b"<\\/") + b");\n"
    etag = b'"%s"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()
    headers: Headers = [
        _SCRIPT,
        (b"cache-control", b"public, max-age=60, stale-while-revalidate=600"),
        (b"etag", etag),
        (b"timing-allow-origin", b"*"),
        (b"vary", b"Host"),
        *CORS,
    ]
    if if_none_match == etag:
        await send_bytes(send, b"", headers, status=304)
        return
    await send_bytes(send, body, headers)
