// One style sheet for all components, constructed: it needs no exception in the page's CSP, and reaches nothing of the page.
const CSS = `
:host{all:initial!important;display:block!important}
*{box-sizing:border-box}
section,dialog{color-scheme:var(--scheme);font:16px/1.5 var(--font);color:var(--ink);background:var(--surface);margin:0;border:0;text-align:start}
.fixed{position:fixed;z-index:2147483000}
.banner{background:var(--accent);color:var(--on-accent);display:flex;gap:8px 16px;flex-wrap:wrap;align-items:center;justify-content:center;padding:10px 52px 10px 20px;position:relative;width:100%;text-align:center}
.banner.fixed{position:fixed;left:0;right:0}
.banner.top{top:0}.banner.bottom{bottom:0}
.banner p{margin:0;min-width:0;overflow-wrap:anywhere}
.card{width:min(360px,calc(100vw - 32px));max-height:calc(100vh - 32px);overflow:auto;padding:24px;border-radius:max(var(--radius),4px);border:1px solid var(--line);box-shadow:0 8px 32px rgba(0,0,0,.24)}
.card.right{right:16px;bottom:16px}.card.left{left:16px;bottom:16px}
dialog.card{width:min(480px,calc(100vw - 32px));margin:auto;padding:32px}
dialog[open]:not(:modal){position:fixed;inset:0;height:fit-content}
dialog::backdrop{background:rgba(0,0,0,.55)}
h2{font:var(--weight) 1.35em/1.25 var(--heading);margin:0 36px 8px 0;overflow-wrap:anywhere}
.card p{margin:0 0 16px;white-space:pre-line;overflow-wrap:anywhere}
img{display:block;max-width:100%;max-height:220px;height:auto;margin:0 0 16px;border-radius:var(--radius)}
.go{font:600 1em/1.25 var(--font);display:inline-block;min-height:40px;padding:10px 18px;border:0;border-radius:var(--radius);background:var(--accent);color:var(--on-accent);text-decoration:none;cursor:pointer;overflow-wrap:anywhere}
.banner .go{background:var(--on-accent);color:var(--accent);padding:6px 14px;min-height:0}
.go:hover{text-decoration:underline}
.close{position:absolute;top:8px;right:8px;width:32px;height:32px;padding:0;border:0;border-radius:50%;background:none;color:inherit;font:24px/32px sans-serif;cursor:pointer}
.banner .close{top:calc(50% - 16px);right:12px}
.close:hover{background:var(--faint)}
:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
.banner :focus-visible{outline-color:var(--on-accent)}
fieldset{border:0;margin:0 0 20px;padding:0;min-width:0}
legend,.ask{display:block;font-weight:600;margin:0 0 8px;padding:0;overflow-wrap:anywhere}
.option{display:flex;gap:10px;align-items:flex-start;padding:5px 0;cursor:pointer;overflow-wrap:anywhere}
input{accent-color:var(--accent);width:18px;height:18px;margin:3px 0 0;flex:none}
.scale{display:flex;flex-wrap:wrap;gap:3px}
.scale label{position:relative;flex:1 0 22px;display:flex;align-items:center;justify-content:center;min-height:36px;border:1px solid var(--line);border-radius:min(var(--radius),8px);cursor:pointer}
.scale input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.scale label:has(:checked){background:var(--accent);color:var(--on-accent)}
.scale label:has(:focus-visible){outline:2px solid var(--ink);outline-offset:2px}
textarea{font:inherit;color:inherit;background:var(--surface);width:100%;min-height:72px;padding:8px;margin:0 0 20px;border:1px solid var(--line);border-radius:min(var(--radius),8px);resize:vertical}
@media (prefers-reduced-motion:no-preference){.fixed,dialog{animation:come .18s ease-out}@keyframes come{from{opacity:0}}}
@media print{:host{display:none!important}}
`;

let sheet: CSSStyleSheet | undefined;

/** An element that holds a component: what is in it looks the same on every page. */
export function newHost(): { host: HTMLElement; root: ShadowRoot } {
  const host = document.createElement("pitcairn-component");
  const root = host.attachShadow({ mode: "open" });
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  root.adoptedStyleSheets = [sheet];
  return { host, root };
}
