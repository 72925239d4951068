// The parts that components are made of. Texts are only ever text: no markup is read, wherever it came from.
import type { Component } from "./contract";

/** What becomes of what the visitor does. */
export interface Hears {
  /** Of a call to action; the link is followed by itself. */
  readonly clicked: (label: string, url: string) => void;
  readonly answered: (traits: Readonly<Record<string, unknown>>) => void;
  readonly closed: () => void;
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

/** The server has checked it; the page does not rely on that. */
const isAddress = (url: string) => /^(https?:|mailto:|tel:|[/#?])/i.test(url);

export function closeButton({ closed }: Hears): HTMLElement {
  const button = make("button", { class: "close", type: "button", "aria-label": "Close" }, "×");
  button.addEventListener("click", closed);
  return button;
}

export function callToAction({ button_label: label, button_url: url }: Component, { clicked }: Hears): HTMLElement[] {
  if (!label || !url || !isAddress(url)) return [];
  const link = make("a", { class: "go", href: url }, label);
  link.addEventListener("click", () => clicked(label, url));
  return [link];
}

/** Headline, text and image. */
export function copyOf({ headline, text, image, image_alt }: Component): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (headline) parts.push(make("h2", { id: "headline" }, headline));
  if (image && isAddress(image)) parts.push(make("img", { src: image, alt: image_alt || "" }));
  if (text) parts.push(make("p", {}, text));
  return parts;
}
