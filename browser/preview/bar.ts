// What says that this is a preview, and ends it. In a closed shadow root: the page's styles do not reach it, nor its the page.
import { button, h } from "../editor/dom";

const LOOK = `
:host { all: initial; position: fixed; inset: auto 12px 12px 12px; z-index: 2147483647; display: flex; justify-content: center; pointer-events: none }
:host(.top) { inset: 12px 12px auto 12px }
div { pointer-events: auto; box-sizing: border-box; display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; max-width: 100%; padding: 10px 14px; border-radius: 8px;
  background: #16181d; color: #fff; font: 14px/1.45 system-ui, sans-serif; box-shadow: 0 2px 12px rgb(0 0 0 / 0.35) }
div.bad { background: #7a1f1f }
p { margin: 0; max-width: 80ch; overflow-wrap: anywhere } strong { font-weight: 600 }
button, a { box-sizing: border-box; min-height: 32px; padding: 4px 12px; border: 1px solid #9aa0ac; border-radius: 6px; background: transparent; color: inherit; font: inherit; text-decoration: none; cursor: pointer }
button:focus-visible, a:focus-visible { outline: 2px solid #8ab4ff; outline-offset: 2px }
@media print { :host { display: none } }`;

export interface Telling {
  readonly bad?: boolean;
  /** What can be done about what is shown. */
  readonly part?: HTMLElement | undefined;
  /** Below stands what is previewed. */
  readonly onTop?: boolean;
}

export class Bar {
  private readonly host = document.createElement("pitcairn-preview");
  private readonly text = h("p", { role: "status" });
  private readonly box: HTMLElement;
  private readonly end: HTMLElement;

  constructor(leave: () => void) {
    const root = this.host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOK);
    root.adoptedStyleSheets = [sheet];
    this.end = button("End preview", leave);
    this.box = h("div", { role: "region", "aria-label": "Pitcairn preview" }, this.text, this.end);
    root.append(this.box);
  }

  tell(words: string, { bad = false, part, onTop = false }: Telling): void {
    this.text.replaceChildren(h("strong", {}, bad ? "No preview. " : "Preview. "), words, bad ? "" : " Nothing is counted.");
    this.box.className = bad ? "bad" : "";
    this.box.replaceChildren(this.text, ...(part ? [part] : []), this.end);
    this.host.className = onTop ? "top" : "";
    if (!this.host.isConnected) document.documentElement.append(this.host);
  }
}
