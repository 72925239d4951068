/** How the overlay looks, whatever the page's own styles are. */
export const LOOK = `
:host { all: initial; position: fixed; inset: 12px 12px auto auto; z-index: 2147483647; width: min(420px, calc(100vw - 24px)) }
section { display: flex; flex-direction: column; max-height: calc(100vh - 24px); box-sizing: border-box; border: 1px solid #d5d7db; border-radius: 8px; overflow: hidden;
  background: #fff; color: #16181d; font: 14px/1.45 system-ui, sans-serif; box-shadow: 0 2px 16px rgb(0 0 0 / 0.25) }
header { display: flex; align-items: center; gap: 8px; padding: 8px 12px; border-bottom: 1px solid #e3e5e8 }
h2 { flex: 1; margin: 0; font-size: 15px } h3 { margin: 8px 0 0; font-size: 13px }
.body { overflow: auto; padding: 4px 12px 12px } p { margin: 8px 0 } .note { color: #7a4b00 }
details { padding: 8px 0; border-bottom: 1px solid #eceef0; overflow-wrap: anywhere } details:last-child { border: 0 }
summary { cursor: pointer } ul { margin: 4px 0; padding-left: 18px } li { margin: 2px 0 }
.yes { font-weight: 600; color: #0b6b4f } .no { font-weight: 600; color: #a12626 } .saw { color: #5a5f69 }
button { min-height: 28px; padding: 2px 10px; border: 1px solid #b9bdc5; border-radius: 6px; background: transparent; color: inherit; font: inherit; cursor: pointer }
button:focus-visible, summary:focus-visible { outline: 2px solid #1a6fd4; outline-offset: 2px }
@media (prefers-color-scheme: dark) {
  section { background: #1b1d22; color: #eceef1; border-color: #3a3e46 } header, details { border-color: #31343b } button { border-color: #5b606a }
  .yes { color: #5fd0a8 } .no { color: #ff9a9a } .saw { color: #a9aeb8 } .note { color: #ffc56b } }
@media print { :host { display: none } }`;
