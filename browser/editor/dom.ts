// Making the editor's own elements: by the object model alone, which every content policy allows.

type Child = Node | string | null | undefined | false;
type Properties = Record<string, unknown>;

/** `on…` are listeners; names with `-`, `role` and `for` are attributes; everything else is a property. */
export function h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, properties: Properties = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, String(value));
    else (element as unknown as Properties)[name] = value;
  }
  element.append(...children.filter((child): child is Node | string => typeof child === "string" || child instanceof Node));
  return element;
}

let made = 0;

/** A labelled control. */
export function field<Control extends HTMLElement>(label: string, control: Control, hint?: string): HTMLElement {
  control.id ||= `f${++made}`;
  const explained = hint ? h("span", { className: "hint", id: `${control.id}h` }, hint) : null;
  if (explained) control.setAttribute("aria-describedby", explained.id);
  return h("div", { className: "field" }, h("label", { for: control.id }, label), control, explained);
}

export const button = (label: string, onclick: () => void, more: Properties = {}) => h("button", { type: "button", onclick, ...more }, label);

/** A part that opens and closes. */
export function part(title: string, open: boolean, ...children: Child[]): HTMLDetailsElement {
  return h("details", { open }, h("summary", {}, title), h("div", { className: "part" }, ...children));
}
