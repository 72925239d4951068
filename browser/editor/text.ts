// The field in which a text is written: bold, italic, links and line breaks, as HTML; without any of them, as plain text.
import { trusted } from "../tag/changes";
import { button, field, h } from "./dom";
import { token } from "./tokens";

/** Elements that stand inside a line of text. What holds only these can be written as text. */
const INLINE = /^(a|abbr|b|br|code|em|i|mark|q|s|small|span|strong|sub|sup|u|wbr)$/;
/** What stays of what is written or pasted, with the attributes that it may keep. */
const KEPT = /^(a|abbr|b|br|code|em|i|mark|s|small|span|strong|sub|sup|u)$/;
const KEPT_ATTRIBUTES = /^(href|target|rel|class|title|lang)$/;

export const isText = (element: Element): boolean =>
  [...element.querySelectorAll("*")].every((one) => INLINE.test(one.localName)) && !/^(img|input|textarea|select|video|iframe|br|hr)$/.test(element.localName);

export interface Written {
  readonly type: "text" | "html";
  readonly value: string;
}

export function textField(element: Element, current: Written | undefined, tokens: readonly string[], onWrite: (written: Written) => void, onPause: () => void): HTMLElement {
  const area = h("div", { className: "input rich", contentEditable: "true", role: "textbox", "aria-multiline": "true", tabIndex: 0 });
  area.id = "pitcairn-text";
  if (!current) fill(area, element);
  else if (current.type === "text") area.textContent = current.value;
  else fill(area, new DOMParser().parseFromString(trusted(current.value), "text/html").body);

  const write = () => onWrite(read(area));
  const run = (command: string, value?: string) => {
    area.focus();
    document.execCommand("styleWithCSS", false, "false");
    document.execCommand(command, false, value);
    write();
  };
  area.addEventListener("input", write);
  area.addEventListener("blur", onPause);
  area.addEventListener("paste", (event) => {
    event.preventDefault();
    document.execCommand("insertText", false, event.clipboardData?.getData("text/plain") ?? "");
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    document.execCommand("insertLineBreak");
  });

  const address = h("input", { className: "input", type: "url", placeholder: "https:// or /path" });
  const link = h("form", { className: "inline", hidden: true }, field("Link to", address), h("button", {}, "Set link"));
  let range: Range | null = null;
  link.addEventListener("submit", (event) => {
    event.preventDefault();
    link.hidden = true;
    area.focus();
    if (range) selectionOf(area)?.setBaseAndExtent(range.startContainer, range.startOffset, range.endContainer, range.endOffset);
    run(address.value.trim() ? "createLink" : "unlink", address.value.trim() || undefined);
  });
  const openLink = () => {
    const selection = selectionOf(area);
    range = selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : null;
    if (!range || range.collapsed || !area.contains(range.startContainer)) {
      range = document.createRange();
      range.selectNodeContents(area);
    }
    link.hidden = false;
    address.focus();
  };

  // Keeping the selection: a button that is pressed with the mouse does not take the focus.
  const keep = { onmousedown: (event: Event) => event.preventDefault() };
  const tools = h(
    "div",
    { className: "tools", role: "toolbar", "aria-label": "Text" },
    button("B", () => run("bold"), { ...keep, className: "bold", "aria-label": "Bold" }),
    button("I", () => run("italic"), { ...keep, className: "italic", "aria-label": "Italic" }),
    button("Link", openLink, keep),
    button("Line break", () => run("insertLineBreak"), keep),
  );
  area.setAttribute("aria-label", "Text");
  return h("div", { className: "field" }, tools, area, link, tokens.length ? tokenForm(area, tokens, run) : null);
}

function tokenForm(area: HTMLElement, tokens: readonly string[], run: (command: string, value: string) => void): HTMLElement {
  const name = h("select", { className: "input" }, ...tokens.map((one) => h("option", { value: one }, one)));
  const fallback = h("input", { className: "input", placeholder: "your team" });
  return h(
    "details",
    {},
    h("summary", {}, "Insert a trait"),
    h(
      "div",
      { className: "part" },
      field("Trait", name),
      field("If it is not known", fallback),
      button("Insert", () => {
        if (!area.contains(selectionOf(area)?.anchorNode ?? null)) {
          area.focus();
          selectionOf(area)?.selectAllChildren(area);
          selectionOf(area)?.collapseToEnd();
        }
        run("insertText", token(name.value, fallback.value));
      }),
    ),
  );
}

function selectionOf(area: HTMLElement): Selection | null {
  const root = area.getRootNode() as ShadowRoot & { getSelection?: () => Selection | null };
  return root.getSelection ? root.getSelection() : getSelection();
}

/** Copies what may stay into the field. */
function fill(into: Node, from: Node): void {
  for (const node of from.childNodes) {
    if (node.nodeType === 3) into.appendChild(document.createTextNode((node as Text).data.replace(/\s+/g, " ")));
    else if (node instanceof Element) {
      if (!KEPT.test(node.localName)) {
        fill(into, node);
        continue;
      }
      const made = into.appendChild(document.createElement(node.localName));
      for (const { name, value } of node.attributes) if (KEPT_ATTRIBUTES.test(name)) made.setAttribute(name, value);
      fill(made, node);
    }
  }
}

function read(area: HTMLElement): Written {
  const clean = h("div");
  fill(clean, area);
  const last = clean.lastChild;
  if (last instanceof HTMLBRElement) last.remove(); // Browsers put one at the end, so that the line can be entered.
  if (!clean.querySelector("*")) return { type: "text", value: (clean.textContent ?? "").replace(/\u00a0/g, " ").trim() };
  return { type: "html", value: clean.innerHTML.replace(/&nbsp;/g, " ").trim() };
}
