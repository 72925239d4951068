// What can be done with the selected element.
import { countOf } from "./stage";
import type { Change } from "./contract";
import { button, field, h, part } from "./dom";
import { scoreOf, sureness, type Found } from "./selectors";
import { isText, textField, type Written } from "./text";

export interface Chosen {
  readonly element: HTMLElement;
  /** How it is found; the first is the one in use. */
  readonly found: readonly Found[];
  /** The changes of the version for this very element. */
  readonly changes: readonly Change[];
}

export interface Actions {
  readonly tokens: readonly string[];
  /** Makes changes of the chosen element: what is given lacks its target. */
  put(changes: readonly Bare[], typing?: string): void;
  take(wanted: (change: Change) => boolean): void;
  pause(): void;
  retarget(selector: string): void;
  startMove(): void;
}

/** A change without its target. */
export type Bare = Change extends infer One ? (One extends Change ? Omit<One, "selector" | "otherwise" | "matches" | "look"> : never) : never;

const STYLES: readonly (readonly [name: string, label: string, example: string])[] = [
  ["color", "Text colour", "#0b6e5f"],
  ["background-color", "Background", "#e3f1ee"],
  ["font-size", "Text size", "20px"],
  ["font-weight", "Text weight", "600"],
  ["text-align", "Alignment", "center"],
  ["line-height", "Line height", "1.4"],
  ["padding", "Space inside", "8px 16px"],
  ["margin", "Space around", "16px 0"],
  ["width", "Width", "320px"],
  ["border", "Border", "1px solid #ccc"],
  ["border-radius", "Corners", "6px"],
];

const SURENESS = { sure: "Sure", likely: "Likely", fragile: "Fragile" } as const;
const MEANING = {
  sure: "it rests on a name that was given to be found by",
  likely: "it rests on names that a redesign may change",
  fragile: "it rests on the place of the element in the page",
} as const;

export function elementPart(chosen: Chosen, actions: Actions): HTMLElement[] {
  const { element } = chosen;
  const parts: (HTMLElement | null)[] = [
    selectorPart(chosen, actions),
    isText(element) ? part("Text", true, text(chosen, actions)) : null,
    element instanceof HTMLImageElement ? part("Image", true, ...image(element, chosen, actions)) : null,
    link(chosen, actions),
    part("Style", false, ...STYLES.map((one) => style(one, chosen, actions))),
    part("Attributes", false, attributes(chosen, actions)),
    part("Hide, move, insert", false, place(chosen, actions), insert(actions)),
    isText(element) || element instanceof HTMLImageElement ? null : part("Content as HTML", false, html(chosen, actions)),
  ];
  return parts.filter((one): one is HTMLElement => one !== null);
}

const valueOf = (chosen: Chosen, type: Change["type"], name?: string): string | null | undefined => {
  const found = [...chosen.changes].reverse().find((change) => change.type === type && (!name || ("name" in change && change.name === name)));
  return found && "value" in found ? found.value : undefined;
};

function selectorPart(chosen: Chosen, actions: Actions): HTMLElement {
  const [used] = chosen.found;
  const selector = used?.selector ?? "";
  const input = h("input", { className: "input code", value: selector, spellcheck: false, autocomplete: "off" });
  const says = h("p", { className: "finding", role: "status" });
  const tell = () => {
    const count = input.value.trim() ? countOf({ type: "hide", selector: input.value.trim() }) : 0;
    const score = input.value.trim() === selector ? (used?.score ?? 0) : scoreOf(input.value);
    const sure = count ? sureness(score) : "fragile";
    says.dataset.sure = sure;
    says.replaceChildren(
      h("strong", {}, count ? SURENESS[sure] : "Not found"),
      count ? `: matches ${count} element${count === 1 ? "" : "s"}; ${MEANING[sure]}.` : ": no element of this page matches.",
    );
    return count;
  };
  input.addEventListener("input", tell);
  input.addEventListener("change", () => {
    if (tell()) actions.retarget(input.value.trim());
  });
  tell();
  const others = chosen.found.slice(1);
  return h(
    "div",
    { className: "part selector" },
    field("Selector", input),
    says,
    others.length
      ? h(
          "details",
          {},
          h("summary", {}, `${others.length} other way${others.length > 1 ? "s" : ""} to find it`),
          h("ul", { className: "plain" }, ...others.map((one) => h("li", {}, h("code", {}, one.selector), " ", h("span", { className: "mut" }, SURENESS[sureness(one.score)].toLowerCase()), " ", button("Use", () => actions.retarget(one.selector), { "aria-label": `Use ${one.selector}` })))),
          h("p", { className: "hint" }, "They are saved too. The tag tries them in this order when the first does not find exactly what it should."),
        )
      : null,
  );
}

function text(chosen: Chosen, actions: Actions): HTMLElement {
  const change = [...chosen.changes].reverse().find((one) => one.type === "text" || one.type === "html") as Written | undefined;
  return textField(chosen.element, change, actions.tokens, (written) => actions.put([written as Bare], "text"), actions.pause);
}

function html(chosen: Chosen, actions: Actions): HTMLElement {
  const area = h("textarea", { className: "input code", rows: 6, spellcheck: false, value: valueOf(chosen, "html") ?? "" });
  area.placeholder = "<p>New content</p>";
  return h("div", {}, field("HTML", area, "Takes the place of everything in the element. Scripts and frames are refused."), button("Set content", () => area.value.trim() && actions.put([{ type: "html", value: area.value }])));
}

function image(element: HTMLImageElement, chosen: Chosen, actions: Actions): HTMLElement[] {
  const src = h("input", { className: "input", value: valueOf(chosen, "attribute", "src") ?? element.getAttribute("src") ?? "" });
  const alt = h("input", { className: "input", value: valueOf(chosen, "attribute", "alt") ?? element.alt });
  const set = h("input", { className: "input", value: valueOf(chosen, "attribute", "srcset") ?? "" });
  const attribute = (name: string, value: string | null): Bare => ({ type: "attribute", name, value });
  src.addEventListener("change", () => {
    const address = src.value.trim();
    if (!address) return;
    // Sizes of the old image would win over the new one.
    const others = element.hasAttribute("srcset") && !set.value.trim() ? [attribute("srcset", null)] : [];
    actions.put([attribute("src", address), ...others]);
  });
  alt.addEventListener("change", () => actions.put([attribute("alt", alt.value)]));
  set.addEventListener("change", () => actions.put([attribute("srcset", set.value.trim() || null)]));
  const within = element.closest("picture")?.querySelector("source");
  return [
    field("Image address", src),
    field("Alternative text", alt, "What people hear who do not see it. Empty for decoration."),
    field("Sizes (srcset)", set, "Optional: image-1x.png 1x, image-2x.png 2x"),
    ...(within ? [h("p", { className: "hint" }, "This image is in a <picture>, whose sources come first. To change it everywhere, select the picture and set its content.")] : []),
  ];
}

function link(chosen: Chosen, actions: Actions): HTMLElement | null {
  const { element } = chosen;
  if (!(element instanceof HTMLAnchorElement)) return null;
  const href = h("input", { className: "input", value: valueOf(chosen, "attribute", "href") ?? element.getAttribute("href") ?? "" });
  const apart = h("input", { type: "checkbox", checked: (valueOf(chosen, "attribute", "target") ?? element.target) === "_blank" });
  href.addEventListener("change", () => href.value.trim() && actions.put([{ type: "attribute", name: "href", value: href.value.trim() }]));
  apart.addEventListener("change", () => actions.put([{ type: "attribute", name: "target", value: apart.checked ? "_blank" : null }]));
  return part("Link", true, field("Link address", href), h("label", { className: "check" }, apart, "Opens in a new tab"));
}

function style([name, label, example]: readonly [string, string, string], chosen: Chosen, actions: Actions): HTMLElement {
  const now = getComputedStyle(chosen.element).getPropertyValue(name);
  const input = h("input", { className: "input", value: valueOf(chosen, "style", name) ?? "", placeholder: now.length < 40 ? now : example });
  input.addEventListener("input", () => {
    const value = input.value.trim();
    const right = !value || (CSS.supports(name, value) && !/[{};<]/.test(value));
    input.setAttribute("aria-invalid", String(!right));
    input.title = right ? "" : `${value} is no ${label.toLowerCase()}; write it as in ${example}`;
    if (!right) return;
    if (value) actions.put([{ type: "style", name, value }], `style ${name}`);
    else actions.take((change) => change.type === "style" && change.name === name);
  });
  input.addEventListener("blur", actions.pause);
  return field(label, input);
}

function attributes(chosen: Chosen, actions: Actions): HTMLElement {
  const names = [...chosen.element.attributes].map(({ name }) => name).filter((name) => name !== "style" && !name.startsWith("on"));
  const options = h("datalist", { id: "pitcairn-attributes" }, ...names.map((name) => h("option", { value: name })));
  const name = h("input", { className: "input", autocomplete: "off" });
  name.setAttribute("list", options.id);
  const value = h("input", { className: "input" });
  const problem = h("p", { className: "error", role: "alert" });
  name.addEventListener("change", () => (value.value = chosen.element.getAttribute(name.value.trim()) ?? ""));
  const set = (given: string | null) => {
    const named = name.value.trim();
    const right = /^[A-Za-z_:][\w:.-]*$/.test(named) && !/^(on|srcdoc$)/i.test(named);
    problem.textContent = right ? "" : `${named ? `“${named}”` : "Nothing"} is no attribute that can be changed. Write one such as title.`;
    if (right) actions.put([{ type: "attribute", name: named, value: given }]);
  };
  return h("div", {}, options, field("Name", name), field("Value", value), problem, h("p", { className: "row" }, button("Set attribute", () => set(value.value)), button("Remove attribute", () => set(null))));
}

function place(chosen: Chosen, actions: Actions): HTMLElement {
  const hidden = chosen.changes.some((change) => change.type === "hide");
  return h(
    "p",
    { className: "row" },
    hidden ? button("Show again", () => actions.take((change) => change.type === "hide")) : button("Hide", () => actions.put([{ type: "hide" }])),
    button("Move…", actions.startMove),
    chosen.changes.some((change) => change.type === "move") ? button("Move back", () => actions.take((change) => change.type === "move")) : null,
  );
}

function insert(actions: Actions): HTMLElement {
  const where = positions();
  const area = h("textarea", { className: "input code", rows: 3, spellcheck: false, placeholder: "<p>New paragraph</p>" });
  return h(
    "div",
    {},
    field("Insert HTML", area, "Scripts and frames are refused."),
    field("Where", where),
    button("Insert", () => {
      if (area.value.trim()) actions.put([{ type: "insert", position: where.value as "before", value: area.value }]);
      area.value = "";
    }),
  );
}

export function positions(): HTMLSelectElement {
  const all = { before: "Before the element", after: "After the element", start: "At its start, inside", end: "At its end, inside" };
  return h("select", { className: "input" }, ...Object.entries(all).map(([value, label]) => h("option", { value }, label)));
}
