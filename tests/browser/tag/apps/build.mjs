// Builds one website per framework as its own tools do, for production: what the server rendered, and what takes it over
// in the browser. Writes JSON: { react: { html, script }, vue: …, svelte: … }. Next.js is built by its own command.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { tmpdir } from "node:os";
import { mkdtemp, rm, writeFile } from "node:fs/promises";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGES = join(HERE, "../../../../browser/node_modules");
const load = createRequire(join(PACKAGES, "package.json"));
const { build } = load("esbuild");

const compilers = (generate) => ({
  name: "compilers",
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
      const { compile } = load("svelte/compiler");
      return { contents: compile(await readFile(path, "utf8"), { generate, filename: path }).js.code, loader: "js" };
    });
    onLoad({ filter: /template\.html$/ }, async ({ path }) => {
      const { compileTemplate } = load("vue/compiler-sfc");
      return { contents: compileTemplate({ source: await readFile(path, "utf8"), filename: path, id: "app" }).code, loader: "js" };
    });
  },
});

async function bundle(entry, side) {
  const browser = side === "client";
  const result = await build({
    entryPoints: [join(HERE, entry)],
    nodePaths: [PACKAGES],
    alias: { react: join(PACKAGES, "react") }, // One React, also where Next.js has its own beside a file.
    bundle: true,
    write: false,
    minify: browser,
    platform: browser ? "browser" : "node",
    format: browser ? "iife" : "esm",
    conditions: browser ? ["browser", "production"] : ["production"],
    // What a server's libraries require at run time is there by this line.
    banner: browser ? {} : { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    define: {
      "process.env.NODE_ENV": '"production"',
      __VUE_OPTIONS_API__: "true",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
    plugins: [compilers(side)],
    logLevel: "error",
  });
  return result.outputFiles[0].text;
}

const folder = await mkdtemp(join(tmpdir(), "pitcairn-apps-"));
try {
  const built = {};
  for (const name of ["react", "vue", "svelte"]) {
    const server = join(folder, `${name}.mjs`);
    await writeFile(server, await bundle(`${name}/server.js`, "server"));
    const { render } = await import(pathToFileURL(server));
    built[name] = { html: await render(), script: await bundle(`${name}/client.js`, "client") };
  }
  process.stdout.write(JSON.stringify(built));
} finally {
  await rm(folder, { recursive: true });
}
