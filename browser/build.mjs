// Builds what browsers load, into the places that serve it:
//
//   tag/        → src/pitcairn/edge/built/tag.<version>.js, shim.js, manifest.json
//   components/ → src/pitcairn/edge/built/components.<version>.js, and the dashboard's preview.js
//   dashboard/  → src/pitcairn/dashboard/static/built/
//   editor/     → src/pitcairn/experiences/built/editor.js
//   why/        → src/pitcairn/experiences/built/why.js
//   preview/    → src/pitcairn/experiences/built/preview.js
//   hosted/     → src/pitcairn/hosted/built/hosted.js
//   demo/       → demo/built/
//
// A tag's version is the package's version and a hash of the code: the same name is always the same bytes. Tags of
// earlier releases stay available to the pages that pin them: the build takes them over from tag/released/.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BROWSER = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(BROWSER);
const EDGE = join(ROOT, "src/pitcairn/edge/built");
const DASHBOARD = join(ROOT, "src/pitcairn/dashboard/static/built");
const EDITOR = join(ROOT, "src/pitcairn/experiences/built");
const HOSTED = join(ROOT, "src/pitcairn/hosted/built");
const DEMO = join(ROOT, "demo/built");
const TARGET = "es2019"; // Every browser since 2019; newer APIs are asked for before they are used.

const TAG_BUDGET = 9 * 1024; // bytes, gzip
const SHIM_BUDGET = 1150;
const COMPONENTS_BUDGET = 6 * 1024;
const HOSTED_BUDGET = 2 * 1024;

/** @returns {Promise<string>} the bundled and minified code of one entry point */
async function bundle(entry, options = {}) {
  const result = await build({
    absWorkingDir: BROWSER,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "iife",
    target: TARGET,
    legalComments: "none",
    logLevel: "warning",
    write: false,
    ...options,
  });
  return result.outputFiles[0].text;
}

const gzipBytes = (code) => gzipSync(code, { level: 9 }).length;
const hash = (code) => createHash("sha256").update(code).digest("hex").slice(0, 8);

function report(path, code) {
  const bytes = typeof code === "string" ? gzipBytes(code) : undefined;
  console.log(`${relative(ROOT, path)}${bytes === undefined ? "" : `  ${bytes} bytes gzip`}`);
}

/** Writes so that a server reading the same path never sees half a file. */
async function write(path, code) {
  await writeFile(`${path}.part`, code);
  await rename(`${path}.part`, path);
  report(path, code);
}

async function copy(from, folder) {
  const source = join(BROWSER, "node_modules", from);
  if (!existsSync(source)) throw new Error(`${from} is not in node_modules; run \`npm ci\` in browser/.`);
  await copyFile(source, join(folder, basename(from)));
  report(join(folder, basename(from)));
}

async function removeAllBut(folder, names) {
  for (const name of await readdir(folder)) if (!names.includes(name)) await rm(join(folder, name), { recursive: true });
}

function withinBudget(what, code, budget) {
  const bytes = gzipBytes(code);
  if (bytes > budget) throw new Error(`${what} has ${bytes} bytes gzip; its budget is ${budget}.`);
  return bytes;
}

async function buildTag(shim) {
  await mkdir(EDGE, { recursive: true });
  const { version: release } = JSON.parse(await readFile(join(BROWSER, "package.json"), "utf8"));
  const components = await bundle("components/main.ts"); // Sets window.__pitcairnComponents.
  const version = `${release}-${hash(components)}`;
  const shown = { [version]: { file: `components.${version}.js`, gzipBytes: withinBudget("The components", components, COMPONENTS_BUDGET) } };
  await write(join(EDGE, `components.${version}.js`), components);
  // The tag names the components it was built with, so that a version of it loads the same ones for ever.
  const code = await bundle("tag/tag.ts", { define: { COMPONENTS: JSON.stringify(version) } }); // Sets window.__pitcairnTag; the server appends the call with the configuration.
  const latest = `${release}-${hash(code)}`;
  const versions = { [latest]: { file: `tag.${latest}.js`, gzipBytes: withinBudget("The tag", code, TAG_BUDGET) } };
  await write(join(EDGE, `tag.${latest}.js`), code);

  const released = join(BROWSER, "tag/released");
  for (const file of existsSync(released) ? (await readdir(released)).sort() : []) {
    const [, kind, version] = /^(tag|components)\.(.+)\.js$/.exec(file) ?? [];
    const earlier = await readFile(join(released, file), "utf8");
    if (!version?.endsWith(`-${hash(earlier)}`)) throw new Error(`tag/released/${file} is not the code its name says; a released tag never changes.`);
    (kind === "tag" ? versions : shown)[version] = { file, gzipBytes: gzipBytes(earlier) };
    await write(join(EDGE, file), earlier);
  }

  withinBudget("The shim", shim, SHIM_BUDGET);
  await write(join(EDGE, "shim.js"), shim);
  await write(join(EDGE, "manifest.json"), `${JSON.stringify({ latest, versions, components: shown }, null, 2)}\n`);
  await removeAllBut(EDGE, ["manifest.json", "shim.js", ...[...Object.values(versions), ...Object.values(shown)].map(({ file }) => file)]);
}

async function buildDashboard() {
  await mkdir(DASHBOARD, { recursive: true });
  const copied = [
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
  ];
  for (const file of copied) await copy(file, DASHBOARD);
  // One file: htmx begins in the task after its script, and an extension that comes later has missed the page.
  const htmx = ["htmx.min.js", "ext/hx-sse.min.js"].map((file) => readFile(join(BROWSER, "node_modules/htmx.org/dist", file), "utf8"));
  await write(join(DASHBOARD, "htmx.js"), (await Promise.all(htmx)).join("\n;"));
  await write(join(DASHBOARD, "dashboard.js"), await bundle("dashboard/main.ts"));
  await write(join(DASHBOARD, "preview.js"), await bundle("components/preview.ts", { target: "es2022" }));
  await removeAllBut(DASHBOARD, ["htmx.js", "dashboard.js", "preview.js", ...copied.map((file) => basename(file))]);
}

async function buildEditor() {
  await mkdir(EDITOR, { recursive: true });
  await write(join(EDITOR, "editor.js"), await bundle("editor/main.ts", { target: "es2022" })); // Members' browsers are of today.
  await write(join(EDITOR, "why.js"), await bundle("why/main.ts", { target: "es2022" }));
  await write(join(EDITOR, "preview.js"), await bundle("preview/main.ts"));
}

async function buildHosted() {
  await mkdir(HOSTED, { recursive: true });
  const code = await bundle("hosted/main.ts");
  withinBudget("The script of hosted pages", code, HOSTED_BUDGET);
  await write(join(HOSTED, "hosted.js"), code);
}

async function buildDemo(shim) {
  await mkdir(DEMO, { recursive: true });
  await copy("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", DEMO);
  // A website writes Pitcairn's address and its write key into the shim's element. The demo's are known only when it is
  // started: /config.js brings them, and they become the element's right before the shim runs.
  const own = "document.currentScript.dataset.";
  await write(join(DEMO, "install.js"), `${own}pitcairnHost=demo.host;${own}writeKey=demo.writeKey;${shim}`);
  await removeAllBut(DEMO, ["inter-latin-wght-normal.woff2", "install.js", "analytics.js"]);
  await write(join(DEMO, "analytics.js"), await bundle("demo/analytics.ts", { define: { "process.env.NODE_ENV": '"production"' } }));
}

const shim = await bundle("tag/shim.ts");
await Promise.all([buildTag(shim), buildDashboard(), buildEditor(), buildHosted(), buildDemo(shim)]);
