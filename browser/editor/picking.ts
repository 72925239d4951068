// Pointing at elements of the page: outlines over them, a click that selects instead of doing what the page does with it,
// and steps to the parent, a child or a sibling.
import { isCopy } from "../tag/changes";
import { h } from "./dom";

const NEVER = /^(html|head|script|style|link|meta|noscript|template|pitcairn-editor)$/;

export type Step = "parent" | "child" | "previous" | "next";

export class Picker {
  private selected: HTMLElement | null = null;
  private readonly hover = h("div", { className: "outline hover", hidden: true });
  private readonly chosen = h("div", { className: "outline chosen", hidden: true });
  /** Whether clicks select. Otherwise the page works as ever. */
  selecting = true;

  constructor(
    private readonly host: HTMLElement,
    private readonly onSelect: (element: HTMLElement | null) => void,
    /** The element that stands for the selected one since the page rendered that anew; null while there is none. */
    private readonly again: () => HTMLElement | null,
  ) {
    for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "dblclick", "auxclick", "submit", "dragstart"]) {
      addEventListener(type, this.intercept, { capture: true });
    }
    addEventListener("pointermove", this.follow, { capture: true, passive: true });
    addEventListener("scroll", this.draw, { capture: true, passive: true });
    addEventListener("resize", this.draw, { passive: true });
    new MutationObserver(this.draw).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
  }

  get outlines(): HTMLElement[] {
    return [this.hover, this.chosen];
  }

  get element(): HTMLElement | null {
    return this.selected;
  }

  select(element: HTMLElement | null, scroll = false): void {
    this.selected = element;
    if (element && scroll) element.scrollIntoView({ block: "center", inline: "nearest" });
    this.draw();
    this.onSelect(element);
  }

  /** Goes one step from the selected element; from nowhere, to the first heading. */
  step(step: Step): void {
    const from = this.selected;
    if (!from?.isConnected) {
      this.select(document.querySelector("h1") ?? document.querySelector("main") ?? (document.body.firstElementChild as HTMLElement | null), true);
      return;
    }
    const to =
      step === "parent"
        ? from.parentElement
        : step === "child"
          ? [...from.children].find(usable)
          : step === "next"
            ? after(from, (one) => one.nextElementSibling)
            : after(from, (one) => one.previousElementSibling);
    if (to && usable(to)) this.select(to as HTMLElement, true);
  }

  readonly draw = (): void => {
    if (this.selected && !this.selected.isConnected) this.selected = this.again() ?? this.selected;
    place(this.chosen, this.selected?.isConnected ? this.selected : null);
    if (this.hover.hidden === false && !this.selecting) this.hover.hidden = true;
  };

  private readonly intercept = (event: Event): void => {
    if (!this.selecting || event.target === this.host) return;
    // A key pressed on a button or in a form of the page is a click too, and none of ours.
    if (event.type === "click" && (event as MouseEvent).detail === 0 && event.isTrusted) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === "click") {
      const element = target(event as MouseEvent, this.host);
      if (element) this.select(element);
    }
  };

  private readonly follow = (event: PointerEvent): void => {
    place(this.hover, this.selecting ? target(event, this.host) : null);
  };
}

function target(event: MouseEvent, host: HTMLElement): HTMLElement | null {
  if (event.target === host) return null;
  const element = document.elementFromPoint(event.clientX, event.clientY);
  return element instanceof HTMLElement && usable(element) && element !== host ? element : element?.closest<HTMLElement>("button, a, div, p, span") ?? null;
}

function usable(element: Element): boolean {
  return !NEVER.test(element.localName) && !isCopy(element);
}

function after(from: Element, next: (one: Element) => Element | null): Element | null {
  let at = next(from);
  while (at && !usable(at)) at = next(at);
  return at;
}

function place(outline: HTMLElement, element: HTMLElement | null): void {
  const box = element?.getBoundingClientRect();
  outline.hidden = !box || !(box.width || box.height);
  if (!box) return;
  const { style } = outline;
  style.transform = `translate(${box.left}px, ${box.top}px)`;
  style.width = `${box.width}px`;
  style.height = `${box.height}px`;
  outline.dataset.name = element!.localName;
}
