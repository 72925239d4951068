// Until the page's framework has taken over, scripts read the page as the server sent it.
//
// A framework that rendered the page on the server walks over its nodes when it takes over in the browser, and compares
// what it reads with what it would render. It has to find that, though the visitor sees something else already. So a
// text that was changed answers with what the page said, and the way from node to node leads past what was put in. That
// is for scripts alone: what is painted, copied, matched by selectors and read out is the changed page.

/** How often is looked whether the page has been taken over, from when it has loaded. */
const LOOK_EVERY = 1000; // ms
/** After so many looks no framework is expected any more. */
const LOOKS = 3;

let waiting = true;
let looks = 0;
/** The page's own elements that were changed, or beside or in which something was put. */
let changed = new Set<Element>();
let putIn = new WeakSet<Node>();
let endings: (() => void)[] = [];

export const readText = (text: Text): string => text.substringData(0, text.length);
export const writeText = (text: Text, data: string): void => text.replaceData(0, text.length, data);

/** The text of the page's node was `said`; now `written` stands there. */
export function disguiseText(text: Text, written: string, said: string): void {
  const get = () => {
    const now = readText(text);
    return now === written ? said : now; // What the page has written since, it also reads.
  };
  const set = (value: string | null) => writeText(text, value === null ? "" : value);
  for (const name of ["data", "nodeValue", "textContent"]) disguise(text, name, get, set);
  if (text.parentElement) disguiseElement(text.parentElement);
}

/** The nodes are not the page's; they were put in at or in its element. */
export function disguiseNodes(nodes: readonly Node[], element: Element): void {
  if (!waiting) return;
  if (!endings.length) passOver();
  nodes.forEach((node) => putIn.add(node));
  disguiseElement(element);
}

/** Nothing of ours stands there any more. */
export function undisguise(node: Node): void {
  for (const name of ["data", "nodeValue", "textContent"]) Reflect.deleteProperty(node, name);
}

function disguiseElement(element: Element): void {
  changed.add(element);
  const get = () =>
    [...element.childNodes].reduce((all, node) => (node.nodeType === 8 || putIn.has(node) ? all : all + node.textContent), "");
  disguise(element, "textContent", get, (value) => {
    undisguise(element);
    element.textContent = value;
  });
}

function disguise(node: Node, name: string, get: () => string, set: (value: string | null) => void): void {
  if (waiting) Object.defineProperty(node, name, { configurable: true, get, set });
}

/** Leads past what was put in. On the prototype: Svelte takes the way from there, whatever a node itself says. */
function passOver(): void {
  for (const [name, onward] of [
    ["firstChild", "nextSibling"],
    ["nextSibling", "nextSibling"],
    ["lastChild", "previousSibling"],
    ["previousSibling", "previousSibling"],
  ] as const) {
    const native = Object.getOwnPropertyDescriptor(Node.prototype, name)!;
    const step = Object.getOwnPropertyDescriptor(Node.prototype, onward)!.get!;
    Object.defineProperty(Node.prototype, name, {
      ...native,
      get(this: Node) {
        let node = native.get!.call(this) as Node | null;
        while (node && putIn.has(node)) node = step.call(node) as Node | null;
        return node;
      },
    });
    endings.push(() => Object.defineProperty(Node.prototype, name, native));
  }
}

/** React marks each element when it has taken it over, with what is below it. Others cannot be told, and get some time. */
const isTakenOver = (element: Element) => !element.isConnected || Object.keys(element).some((key) => /^__react/.test(key));

function look(): void {
  if (++looks < LOOKS && !(changed.size && [...changed].every(isTakenOver))) {
    setTimeout(look, LOOK_EVERY);
    return;
  }
  waiting = false;
  for (const element of changed) {
    undisguise(element);
    element.childNodes.forEach(undisguise);
  }
  endings.reverse().forEach((end) => end());
  putIn = new WeakSet(); // A script may have kept the way past it.
  changed = new Set();
}

/** Begins to wait for the page to be taken over. */
export function awaitHydration(): void {
  const loaded = () => setTimeout(look, LOOK_EVERY);
  if (document.readyState === "complete") loaded();
  else addEventListener("load", loaded, { once: true });
}
