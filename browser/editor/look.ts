// The editor's own look. A constructed style sheet in a closed shadow root: the page's styles stay out and these stay in.
// What the page could set on the host itself is put back with `!important`, which inside a shadow root wins over outside.
export const LOOK = `
:host { all: initial !important; position: fixed !important; inset: 0 !important; z-index: 2147483647 !important; display: block !important; pointer-events: none !important; color-scheme: light dark !important; contain: strict !important; }
* { box-sizing: border-box; }
.editor {
  --bg: light-dark(#fbfbfa, #131413); --surface: light-dark(#fff, #1a1b1a); --sunken: light-dark(#f4f4f2, #212321);
  --line: light-dark(#e6e6e2, #2b2e2b); --line-input: light-dark(#8b8e87, #6f746d);
  --ink: light-dark(#1b1c1a, #eceeea); --ink-2: light-dark(#52554f, #b6bab3); --ink-3: light-dark(#676a64, #999e96);
  --accent: light-dark(#0b6e5f, #54c3af); --accent-ink: light-dark(#fff, #07221d); --accent-soft: light-dark(#e3f1ee, #16352f);
  --warn: light-dark(#805300, #e5b454); --warn-soft: light-dark(#fdf3dc, #33290f); --bad: light-dark(#a3262a, #f29590); --bad-soft: light-dark(#fbe9e8, #3a1d1c);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); text-align: left;
}
[hidden] { display: none !important; }
.panel { position: absolute; top: 8px; right: 8px; bottom: 8px; width: 348px; display: flex; flex-direction: column; background: var(--bg); border: 1px solid var(--line-input); border-radius: 8px; box-shadow: 0 8px 28px #0004; pointer-events: auto; overflow: hidden; }
.panel.left { right: auto; left: 8px; }
.panel > header { padding: 10px 12px; border-bottom: 1px solid var(--line); background: var(--surface); display: grid; gap: 8px; }
.title { display: flex; gap: 8px; align-items: start; justify-content: space-between; }
.title .row { flex: none; flex-wrap: nowrap; }
h2, h3 { font-size: 15px; line-height: 1.3; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 14px; }
.body { overflow: auto; flex: 1; padding: 12px; display: grid; gap: 12px; align-content: start; overscroll-behavior: contain; }
.panel > footer { padding: 8px 12px; border-top: 1px solid var(--line); background: var(--surface); display: grid; gap: 6px; }
.row, .tools { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 0; }
.mut, .hint { color: var(--ink-3); font-size: 13px; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; overflow-wrap: anywhere; }
button { font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--line-input); border-radius: 6px; padding: 3px 9px; min-height: 28px; cursor: pointer; }
button:hover { background: var(--sunken); }
button:disabled { color: var(--ink-3); border-color: var(--line); cursor: default; }
button.primary { background: var(--accent); color: var(--accent-ink); border-color: var(--accent); font-weight: 600; }
button.primary:disabled { background: var(--sunken); color: var(--ink-3); border-color: var(--line); }
button[aria-pressed="true"] { background: var(--accent-soft); border-color: var(--accent); color: var(--accent); font-weight: 600; }
button.text { border: 0; background: none; padding: 0; text-align: left; min-height: 24px; overflow-wrap: anywhere; }
button.text:hover { text-decoration: underline; }
.bold { font-weight: 700; } .italic { font-style: italic; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.field { display: grid; gap: 3px; }
label, .label { font-size: 13px; color: var(--ink-2); font-weight: 500; }
.check { display: flex; gap: 6px; align-items: center; }
.input { font: inherit; width: 100%; min-width: 0; color: var(--ink); background: var(--surface); border: 1px solid var(--line-input); border-radius: 6px; padding: 4px 8px; min-height: 30px; }
.input::placeholder { color: var(--ink-3); opacity: 1; }
.input[aria-invalid="true"] { border-color: var(--bad); outline-color: var(--bad); }
.rich { min-height: 56px; white-space: pre-wrap; overflow-wrap: anywhere; }
.rich a { color: var(--accent); }
.code, code { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: 12.5px; overflow-wrap: anywhere; }
textarea { resize: vertical; }
.inline { display: grid; gap: 6px; padding: 6px 0; }
details { border-top: 1px solid var(--line); }
details details { border: 0; }
summary { padding: 8px 0; cursor: pointer; font-weight: 600; }
details details summary { font-weight: 400; padding: 4px 0; color: var(--ink-2); }
.part { display: grid; gap: 8px; padding-bottom: 8px; }
.part > div { display: grid; gap: 8px; }
.part > div > button, .part > button { justify-self: start; }
.finding[data-sure="sure"] strong { color: var(--accent); } .finding[data-sure="likely"] strong { color: var(--ink); } .finding[data-sure="fragile"] strong { color: var(--warn); }
.finding { font-size: 13px; color: var(--ink-2); }
.plain, .changes { margin: 0; padding: 0; list-style: none; display: grid; gap: 6px; }
.changes { margin-top: 6px; }
.changes li { display: grid; gap: 4px; padding: 8px; background: var(--surface); border: 1px solid var(--line); border-radius: 6px; }
.where { font-size: 13px; color: var(--ink-3); } .where.warn { color: var(--warn); } .where.bad, .error { color: var(--bad); }
.notice { padding: 8px 10px; border-radius: 6px; background: var(--warn-soft); color: var(--ink); display: grid; gap: 6px; }
.notice.bad { background: var(--bad-soft); }
.status { font-size: 13px; color: var(--ink-2); }
.who { margin-left: auto; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 150px; } .status.bad { color: var(--bad); }
.outline { position: absolute; top: 0; left: 0; pointer-events: none; }
.outline.hover { box-shadow: 0 0 0 2px #2a9d8a, 0 0 0 3px #fff8; background: #2a9d8a14; }
.outline.chosen { box-shadow: 0 0 0 2px #0b6e5f, 0 0 0 4px #fffc; }
.stage { position: absolute; inset: 0; background: #0009; pointer-events: auto; display: flex; flex-direction: column; align-items: center; gap: 8px; padding: 8px; }
.stage iframe { border: 0; background: #fff; flex: 1; max-width: 100%; min-height: 0; border-radius: 6px; }
.bar { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; background: var(--bg); border-radius: 6px; padding: 6px 10px; }
@media (max-width: 640px) {
  .panel, .panel.left { left: 4px; right: 4px; top: auto; bottom: 4px; width: auto; height: min(62vh, 480px); display: block; overflow: auto; overscroll-behavior: contain; }
  .panel.told { height: auto; }
  .body { overflow: visible; }
  .panel > header { display: contents; }
  .panel > header > * { margin: 8px 12px; }
  .panel > header > .title { position: sticky; top: 0; margin: 0; padding: 8px 12px; background: var(--surface); border-bottom: 1px solid var(--line); z-index: 1; }
  .panel > footer { position: sticky; bottom: 0; }
  .panel.folded { height: auto; }
  .panel.folded .body, .panel.folded > header > :not(.title) { display: none; }
  .side, .who { display: none; }
}
@media (min-width: 641px) { .fold { display: none; } }
@media (forced-colors: active) { .outline { outline: 2px solid Highlight; } }
`;
