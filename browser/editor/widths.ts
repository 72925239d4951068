// The page at the width of another device: the same address in a frame of that width, with an editor of its own in it.
import { button, h } from "./dom";

const FRAME = "pitcairn-editor-frame";
const WIDTHS = [360, 768, 1280] as const;

/** Whether this page is such a frame. */
export const inFrame = window.name === FRAME && window !== window.top;
/** Whether the editor opens here at all: not in frames of the page's own. */
export const belongsHere = window === window.top || inFrame;

/** A control that opens one. `aside` is told when the page is covered, and when it is not any more. */
export function widths(root: ShadowRoot, aside: (back: boolean) => void): HTMLElement {
  const select = h("select", { className: "input", "aria-label": "Width of the page" }, h("option", { value: "" }, "This window"), ...WIDTHS.map((width) => h("option", { value: String(width) }, `${width} px`)));
  select.style.width = "auto";
  select.addEventListener("change", () => {
    if (select.value) open(root, Number(select.value), aside);
    select.value = "";
  });
  return select;
}

function open(root: ShadowRoot, width: number, aside: (back: boolean) => void): void {
  const frame = h("iframe", { name: FRAME, title: `This page, ${width} px wide` });
  frame.style.width = `${width}px`;
  const said = h("span", { role: "status" }, `${width} px wide`);
  const close = () => {
    stage.remove();
    aside(true);
  };
  const bar = h("div", { className: "bar" }, said, button("Back to this window", close));
  const stage = h("div", { className: "stage" }, bar, frame);
  frame.addEventListener("load", () => {
    if (frame.contentDocument?.querySelector("pitcairn-editor, html > head")) return;
    // frame-ancestors or X-Frame-Options keeps the page out of frames; a window of its own does as well.
    frame.hidden = true;
    said.textContent = "This website does not let its pages stand in frames.";
    bar.append(button(`Open a window ${width} px wide`, () => window.open(location.href, "_blank", `popup,width=${width},height=800`)));
  });
  aside(false);
  frame.src = location.href;
  root.querySelector(".editor")!.append(stage);
  bar.querySelector("button")!.focus();
}
