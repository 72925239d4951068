// Applying one change to one element, and taking it back.
//
// Applying is idempotent: it looks first and writes only what differs, so it is also the check whether a change still
// stands. And it never takes a node of the page out of its place: a framework that holds on to the nodes it made would
// fail on its next update. What has to go is emptied or hidden where it is, and what is new stands beside it.
import type { Change, Position, TypePolicy } from "./contract";
import { disguiseNodes, disguiseText, readText, undisguise, writeText } from "./hydration";

export interface State {
  /** Whose state it is: what is put in is remembered as this one's. */
  readonly owner: object;
  /** What gives the page its own back, by the node that was changed. */
  readonly undo: Map<unknown, () => void>;
  /** What the browser made of a style that was written, by element or, of the element itself, by property. */
  readonly written: Map<unknown, string>;
  /** What the page's text nodes said. */
  readonly said: Map<Text, string>;
  /** The nodes that carry the new content. */
  nodes?: ChildNode[];
}

export const newState = (owner: object): State => ({ owner, undo: new Map(), written: new Map(), said: new Map() });

/** Every node that some change put in, and for whom. */
const ours = new WeakMap<Node, object>();

const METHODS = { before: "before", after: "after", start: "prepend", end: "append" } as const;

/** Makes the change true of the element. Returns whether anything had to be written for it. */
export function apply(change: Change, element: HTMLElement, state: State): boolean {
  switch (change.type) {
    case "text":
      return setText(element, change.value, state);
    case "html": {
      const put = insert(element, "end", () => parse(change.value), state);
      return clear(element, state) || put;
    }
    case "attribute":
      return setAttribute(element, change.name, change.value, state);
    case "style":
      return setStyle(element, change.name, change.value, state);
    case "hide":
      return setStyle(element, "display", "none", state);
    case "insert":
      return insert(element, change.position, () => parse(change.value), state);
    case "move":
      return move(element, change.to, change.position, state);
    default:
      return false; // A control's: there is nothing to make true.
  }
}

/** Gives the page back what it had, except where it has written something else since. */
export function undo(state: State): void {
  [...state.undo.values()].reverse().forEach((step) => step());
  state.undo.clear();
}

/** Whether the node was put in for this owner: an insertion that brings along what it stands beside would never end. */
export function cameWith(owner: object, node: Node | null): boolean {
  for (; node; node = node.parentNode) if (ours.get(node) === owner) return true;
  return false;
}

/** Whether any change put the node in. */
export function cameWithAny(node: Node | null): boolean {
  for (; node; node = node.parentNode) if (ours.has(node)) return true;
  return false;
}

function setText(element: HTMLElement, value: string, state: State): boolean {
  let target = state.nodes && (state.nodes[0] as Text);
  if (!target || target.parentNode !== element) {
    // The page's own text node, if it has one: a framework keeps working with it.
    target = ([...element.childNodes] as Text[]).find((node) => node.nodeType === 3 && readText(node).trim() && !ours.has(node));
    if (!target) {
      const made = (target = document.createTextNode(""));
      ours.set(made, state.owner);
      disguiseNodes([made], element);
      element.append(made);
      state.undo.set(state, () => made.remove());
    }
    state.nodes = [target];
  }
  const wrote = setData(target, value, state);
  return clear(element, state, target) || wrote;
}

/** Empties the element of what is the page's, leaving every node where it is. */
function clear(element: HTMLElement, state: State, except?: Node): boolean {
  let wrote = false;
  for (const node of element.childNodes) {
    if (node === except || ours.has(node)) continue;
    if (node.nodeType === 3) wrote = setData(node as Text, "", state) || wrote;
    else if (node.nodeType === 1) wrote = setStyle(node as HTMLElement, "display", "none", state) || wrote;
  }
  return wrote;
}

function setData(node: Text, data: string, state: State): boolean {
  const now = readText(node);
  if (now === data) return false;
  const said = state.said.get(node);
  // While the page is loading, the rest of a text may come in behind what was written over its beginning.
  const rest = said !== undefined && data && document.readyState !== "complete" && now.startsWith(data);
  const page = rest ? said + now.slice(data.length) : now;
  state.said.set(node, page);
  writeText(node, data);
  if (!ours.has(node)) {
    disguiseText(node, data, page);
    state.undo.set(node, () => {
      undisguise(node);
      if (readText(node) === data) writeText(node, page);
    });
  }
  return true;
}

function setStyle(element: HTMLElement, name: string, value: string, state: State, key: unknown = element): boolean {
  const style = element.style;
  const read = () => style.getPropertyValue(name) + style.getPropertyPriority(name);
  if (state.written.get(key) === read()) return false;
  const was = style.getPropertyValue(name);
  const priority = style.getPropertyPriority(name);
  style.setProperty(name, value, "important");
  state.written.set(key, read());
  state.undo.set(key, () => {
    style.setProperty(name, was, priority);
    // Asked by reading it: Chromium does not remove an attribute that it has yet to write.
    if (!element.getAttribute("style")) element.removeAttribute("style");
  });
  return true;
}

function setAttribute(element: HTMLElement, name: string, value: string | null, state: State): boolean {
  if (name === "style" && value !== null) {
    // Declaration by declaration: a strict CSP refuses the attribute, and other changes may style the element too.
    const { style } = document.createElement("i");
    style.cssText = value;
    return [...style].reduce((wrote, one) => setStyle(element, one, style.getPropertyValue(one), state, one) || wrote, false);
  }
  const was = element.getAttribute(name);
  if (was === value || refused(name, value)) return false;
  write(element, name, value);
  state.undo.set(element, () => {
    if (element.getAttribute(name) === value) write(element, name, was);
  });
  return true;
}

function write(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** Whether an attribute would run code. The server refuses these when a change is saved; the page does not rely on it. */
function refused(name: string, value: string | null): boolean {
  return /^(on|srcdoc$)/i.test(name) || /^(javascript:|vbscript:|data:text\/html)/i.test((value || "").replace(/[\0-\x20\x7f]/g, ""));
}

function insert(element: HTMLElement, position: Position, make: () => ChildNode[], state: State): boolean {
  if (state.nodes && isInPlace(state.nodes, element, position)) return false;
  const remove = () => state.nodes && state.nodes.forEach((node) => node.remove());
  remove();
  state.nodes = make();
  state.nodes.forEach((node) => ours.set(node, state.owner));
  disguiseNodes(state.nodes, element);
  element[METHODS[position]](...state.nodes);
  state.undo.set(state, remove);
  return true;
}

/** Whether the nodes stand where they were put: beside their element none of the page's may have come between. */
function isInPlace(nodes: readonly ChildNode[], element: HTMLElement, position: Position): boolean {
  const inside = position === "start" || position === "end";
  const parent = inside ? element : element.parentNode;
  if (inside || !nodes.length) return nodes.every((node) => node.parentNode === parent);
  const before = position === "before";
  let node: Node | null = nodes[before ? nodes.length - 1 : 0]!;
  while (node && ours.has(node)) node = before ? node.nextSibling : node.previousSibling;
  return node === element && nodes.every((one) => one.parentNode === parent);
}

const copies = new WeakSet<Node>();

/** Whether the element is, or is in, what stands for a moved one: no change is meant for it. */
export function isCopy(element: Node | null): boolean {
  for (; element; element = element.parentNode) if (copies.has(element)) return true;
  return false;
}

/**
 * A copy stands at the new place, and the page's own node is hidden where it is: a framework that holds on to it fails if
 * it is gone. The copy follows what the original becomes, and hands on clicks.
 */
function move(element: HTMLElement, to: string, position: Position, state: State): boolean {
  const place = [...document.querySelectorAll<HTMLElement>(to)].find((one) => !isCopy(one) && !element.contains(one));
  if (!place) return false;
  const copy = element.cloneNode(true) as HTMLElement;
  copy.style.removeProperty("display");
  if (!copy.getAttribute("style")) copy.removeAttribute("style");
  const looks = copy.outerHTML;
  if (state.written.get(state) !== looks && state.nodes) {
    state.nodes.forEach((node) => node.remove());
    delete state.nodes;
  }
  const put = insert(
    place,
    position,
    () => {
      state.written.set(state, looks);
      copies.add(copy);
      copy.addEventListener("click", (event) => {
        const path: number[] = [];
        for (let at = event.target as Node; at !== copy; at = at.parentNode!) path.unshift([...at.parentNode!.childNodes].indexOf(at as ChildNode));
        const original = path.reduce<Node | undefined>((node, index) => node && node.childNodes[index], element) as HTMLElement | undefined;
        event.preventDefault();
        event.stopPropagation();
        if (original && original.click) original.click();
      });
      return [copy];
    },
    state,
  );
  return setStyle(element, "display", "none", state) || put;
}

const STYLE = "data-pitcairn-style";
let policy: TypePolicy | undefined;

/** The policy of a page that asks for Trusted Types. It can be made once; the editor takes over the tag's. */
export function typePolicy(made = policy): TypePolicy | undefined {
  const types = (window as { trustedTypes?: { createPolicy(name: string, rules: TypePolicy): TypePolicy } }).trustedTypes;
  const same = (text: string) => text;
  return (policy = made || (types && types.createPolicy("pitcairn", { createHTML: same, createScriptURL: same })));
}

/** HTML as such a page takes it. */
export function trusted(html: string): string {
  const types = typePolicy();
  return types ? types.createHTML(html) : html;
}

/** The address of a script of ours, in the same way. */
export function trustedScript(url: string): string {
  const types = typePolicy();
  return types ? types.createScriptURL(url) : url;
}

function parse(html: string): ChildNode[] {
  // A strict CSP refuses style attributes where HTML is read, and allows the same through the object model.
  const unstyled = html.replace(/<[^>]+>/g, (tag) => tag.replace(/\sstyle(?=\s*=)/gi, " " + STYLE));
  const template = document.createElement("template");
  template.innerHTML = trusted(unstyled);
  for (const element of template.content.querySelectorAll<HTMLElement>("*")) {
    if (/^(script|i?frame|object|embed|base|meta|link|animate|set)$/.test(element.localName)) element.remove();
    for (const { name, value } of [...element.attributes]) {
      if (name === STYLE) element.style.cssText = value;
      if (name === STYLE || refused(name, value)) element.removeAttribute(name);
    }
  }
  return [...template.content.childNodes];
}
