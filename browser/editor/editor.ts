// The editor: its panel beside the page, and what its parts do to the draft.
import { pathMatches } from "./page";
import { cameWithAny } from "../tag/changes";
import type { Change, Opened, Variation } from "./contract";
import { button, field, h } from "./dom";
import { Draft } from "./draft";
import { elementPart, positions, type Actions, type Bare, type Chosen } from "./element";
import { changeList, findings, type Finding } from "./list";
import { LOOK } from "./look";
import { Picker } from "./picking";
import { lookOf } from "./refind";
import { scoreOf, selectorsOf } from "./selectors";
import { forgetToken, Refusal, type Server } from "./server";
import { asOriginal, countOf, show } from "./stage";
import { inFrame, widths } from "./widths";

const STATES = {
  draft: "Draft: nobody sees it until you start it in the dashboard.",
  live: "Live: visitors see what you save.",
  promoted: "Promoted: all visitors of its segments see what you save.",
  paused: "Paused: visitors see the original.",
  archived: "Archived.",
} as const;

export class Editor {
  private readonly host = document.createElement("pitcairn-editor");
  private readonly root = this.host.attachShadow({ mode: "closed" });
  private readonly picker: Picker;
  private readonly draft: Draft;
  /** The version that is shown; null is the original. */
  private version: Variation | null;
  private moving: HTMLElement | null = null;
  private chosen: Chosen | null = null;
  private found: Finding[] = [];
  private ended = false;

  private readonly versions = h("select", { className: "input" });
  private readonly who = h("p", { className: "hint" });
  private readonly notice = h("div", { className: "notice", role: "alert", hidden: true });
  private readonly chosenPart = h("section", { "aria-label": "Selected element" });
  private readonly listPart = h("section", { "aria-label": "Changes" });
  private readonly status = h("p", { className: "status", role: "status" });
  private readonly undoButton = button("Undo", () => this.draft.undo());
  private readonly redoButton = button("Redo", () => this.draft.redo());
  private readonly saveButton = button("Save", () => void this.save(), { className: "primary" });
  private readonly pointing = button("Select", () => this.point(true));
  private readonly browsing = button("Use the page", () => this.point(false));
  private panel!: HTMLElement;

  constructor(
    private readonly opened: Opened,
    private readonly server: Server,
  ) {
    this.version = opened.experience.variations[0] ?? null;
    this.draft = new Draft(opened.experience, () => this.refresh());
    this.picker = new Picker(this.host, (element) => this.choose(element));
    this.build();
    this.point(true);
    if (this.draft.resume()) this.say("What was not saved the last time is here again.");
    else this.refresh();
    if (!this.version) this.warn("This experience has no audience segment yet. Add one in the dashboard, then open the editor again.");
    else if (!pathMatches(opened.experience)) this.warn(`The experience runs on ${opened.experience.page}, and this page is not among them: visitors of this page will not see it.`);
    setTimeout(() => this.warnOfTheEnd(), Math.max(0, opened.expiresAt - Date.now() - 120_000));
  }

  private build(): void {
    const { experience, member } = this.opened;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOK);
    this.root.adoptedStyleSheets = [sheet];
    const nav = h(
      "div",
      { className: "tools", role: "toolbar", "aria-label": "Go to another element" },
      button("Parent", () => this.picker.step("parent")),
      button("Child", () => this.picker.step("child")),
      button("Previous", () => this.picker.step("previous")),
      button("Next", () => this.picker.step("next")),
      h("span", { className: "mut" }, "or arrow keys"),
    );
    nav.addEventListener("keydown", (event) => {
      const step = ({ ArrowUp: "parent", ArrowDown: "child", ArrowLeft: "previous", ArrowRight: "next" } as const)[event.key as "ArrowUp"];
      if (!step) return;
      event.preventDefault();
      this.picker.step(step);
    });
    const leave = button("Close", () => this.leave(), { "aria-label": "Close the editor" });
    const fold: HTMLButtonElement = button("Fold", () => fold.replaceChildren(this.panel.classList.toggle("folded") ? "Unfold" : "Fold"), { className: "fold" });
    const side = button("⇄", () => this.panel.classList.toggle("left"), { className: "side", "aria-label": "Put the panel on the other side" });
    this.versions.addEventListener("change", () => this.turnTo(this.versions.value));
    this.panel = h(
      "div",
      { className: "panel", role: "region", "aria-label": "Pitcairn editor" },
      h(
        "header",
        {},
        h("div", { className: "title" }, h("h2", {}, experience.name), h("span", { className: "row" }, fold, side, leave)),
        h("p", { className: "hint" }, STATES[experience.state]),
        field("Version", this.versions),
        this.who,
        h("div", { className: "row" }, this.pointing, this.browsing, ...(inFrame ? [] : [widths(this.root, (back) => this.setAside(back))])),
        nav,
      ),
      h("div", { className: "body" }, this.notice, this.chosenPart, this.listPart),
      h("footer", {}, h("div", { className: "row" }, this.undoButton, this.redoButton, this.saveButton, h("span", { className: "hint who", title: member }, member)), this.status),
    );
    const editor = h("div", { className: "editor" }, ...this.picker.outlines, this.panel);
    editor.addEventListener("keydown", (event) => this.key(event));
    // What is typed here is not for the page's own shortcuts.
    for (const type of ["keydown", "keyup", "keypress", "input", "paste", "copy", "cut"]) this.host.addEventListener(type, (event) => event.stopPropagation());
    this.root.append(editor);
    document.documentElement.append(this.host);
  }

  // What is shown.

  private refresh(): void {
    const changes = this.version ? this.draft.changes(this.version.id) : [];
    show(changes);
    this.found = findings(changes);
    this.versions.replaceChildren(
      h("option", { value: "" }, "Original"),
      ...this.draft.experience.variations.map((one) => h("option", { value: String(one.id) }, label(one, this.draft.experience.variations))),
    );
    this.versions.value = String(this.version?.id ?? "");
    this.who.textContent = this.version ? `Who: ${this.version.condition}` : "What visitors in control and everybody else see.";
    const unsaved = this.draft.unsaved.length > 0;
    this.undoButton.disabled = !this.draft.canUndo;
    this.redoButton.disabled = !this.draft.canRedo;
    this.saveButton.disabled = !unsaved || this.ended;
    this.listPart.replaceChildren(
      ...(this.version
        ? [
            h("h3", {}, changes.length ? `${changes.length} change${changes.length === 1 ? "" : "s"}` : "Changes"),
            changeList(changes, this.found, {
              set: (list) => this.set(list),
              select: (change) => this.selectOf(change),
              accept: (change, element) => this.accept(change, element),
              show: (element) => this.picker.select(element, true),
            }),
          ]
        : [h("p", { className: "mut" }, "Choose a version to change something for it.")]),
    );
    if (this.chosen && this.version) this.chosen = { ...this.chosen, changes: changes.filter((change) => change.selector === this.chosen!.found[0]?.selector) };
    this.picker.draw();
  }

  private choose(element: HTMLElement | null): void {
    this.draft.pause();
    if (this.moving) {
      this.askWhere(element);
      return;
    }
    if (!element || !this.version) {
      this.chosen = null;
      this.chosenPart.replaceChildren(h("p", { className: "mut" }, this.version ? "Point at an element of the page and press it." : ""));
      return;
    }
    if (cameWithAny(element)) {
      this.chosen = null;
      this.chosenPart.replaceChildren(h("h3", {}, named(element)), h("p", { className: "mut" }, "A change put this in. Edit or remove that change in the list."));
      return;
    }
    const changes = this.draft.changes(this.version.id);
    // What finds it for a change already, found again without that change: its own new text or address must not count.
    const found = asOriginal(() => {
      const all = selectorsOf(element);
      const used = changes.find((change) => countOf(change) === 1 && document.querySelector(change.selector) === element)?.selector;
      return used ? [{ selector: used, score: all.find((one) => one.selector === used)?.score ?? scoreOf(used) }, ...all.filter((one) => one.selector !== used)] : all;
    });
    this.chosen = { element, found, changes: changes.filter((change) => change.selector === found[0]!.selector) };
    this.showChosen();
  }

  private showChosen(): void {
    const { chosen } = this;
    if (!chosen) return;
    const actions: Actions = {
      tokens: this.opened.tokens,
      put: (bare, typing) => this.put(bare, typing),
      take: (wanted) => this.set(this.draft.changes(this.version!.id).filter((change) => change.selector !== chosen.found[0]!.selector || !wanted(change))),
      pause: () => this.draft.pause(),
      retarget: (selector) => this.retarget(selector),
      startMove: () => {
        this.moving = chosen.element;
        this.askWhere(null);
      },
    };
    this.chosenPart.replaceChildren(h("h3", {}, named(chosen.element)), ...elementPart(chosen, actions));
  }

  private askWhere(target: HTMLElement | null): void {
    const moved = this.moving!;
    const done = () => {
      this.moving = null;
      this.picker.select(moved, true);
    };
    const where = positions();
    const to = target && target !== moved && !moved.contains(target) ? target : null;
    this.chosenPart.replaceChildren(
      h("h3", {}, `Move ${named(moved)}`),
      h("p", {}, to ? `To ${named(to)}` : "Point at the element that it shall stand beside, and press it. The arrow keys of the toolbar work too."),
      ...(to ? [field("Where", where)] : []),
      h(
        "p",
        { className: "row" },
        to
          ? button("Move it there", () => {
              const place = asOriginal(() => selectorsOf(to, 1)[0]!.selector);
              this.moving = null;
              this.put([{ type: "move", to: place, position: where.value as "before" }]);
              done();
            })
          : null,
        button("Cancel", done),
      ),
      h("p", { className: "hint" }, "A copy stands at the new place; clicks on it are handed to the original. Do not move forms: what is typed into a copy does not reach the page."),
    );
  }

  // What is done.

  private put(bare: readonly Bare[], typing = ""): void {
    const { chosen, version } = this;
    if (!chosen || !version) return;
    const { selector } = chosen.found[0]!;
    const target = asOriginal(() => {
      const count = countOf({ type: "hide", selector });
      const otherwise = chosen.found.slice(1).map((one) => one.selector);
      return { selector, matches: count, ...(count === 1 && otherwise.length ? { otherwise } : {}), look: lookOf(chosen.element) };
    });
    this.draft.put(version.id, bare.map((one) => ({ ...one, ...target }) as Change), typing);
    if (!typing) this.showChosen();
  }

  private set(changes: readonly Change[]): void {
    if (!this.version) return;
    this.draft.set(this.version.id, changes);
    this.showChosen();
  }

  /** Another selector for the element, and for the changes that were made of it. */
  private retarget(selector: string): void {
    const { chosen, version } = this;
    if (!chosen || !version) return;
    const old = chosen.found[0]!.selector;
    const first = chosen.found.find((one) => one.selector === selector) ?? { selector, score: scoreOf(selector) };
    const found = [first, ...chosen.found.filter((one) => one.selector !== selector)];
    this.chosen = { ...chosen, found };
    const matches = asOriginal(() => countOf({ type: "hide", selector }));
    this.draft.set(
      version.id,
      this.draft.changes(version.id).map((change) => (change.selector === old ? targeted(change, selector, matches, found.slice(1).map((one) => one.selector)) : change)),
    );
    this.refresh();
    this.showChosen();
  }

  private accept(change: Change, element: HTMLElement): void {
    const { version } = this;
    if (!version) return;
    const [found, look] = asOriginal(() => [selectorsOf(element), lookOf(element)] as const);
    const others = found.slice(1).map((one) => one.selector);
    this.set(this.draft.changes(version.id).map((one) => (one.selector === change.selector ? { ...targeted(one, found[0]!.selector, 1, others), look } : one)));
    this.picker.select(element, true);
    this.say("Found again; save to keep it.");
  }

  private selectOf(change: Change): void {
    const element = document.querySelector<HTMLElement>([change.selector, ...(change.otherwise ?? [])].find((one) => document.querySelector(one)) ?? change.selector);
    if (element) this.picker.select(element, true);
    else this.say("Its element is not on this page.", true);
  }

  private turnTo(id: string): void {
    this.version = this.draft.experience.variations.find((one) => String(one.id) === id) ?? null;
    this.moving = null;
    this.refresh();
    this.picker.select(this.picker.element);
  }

  private point(selecting: boolean): void {
    this.picker.selecting = selecting;
    this.pointing.setAttribute("aria-pressed", String(selecting));
    this.browsing.setAttribute("aria-pressed", String(!selecting));
    this.picker.draw();
  }

  private async save(): Promise<void> {
    const edits = this.draft.unsaved;
    if (!edits.length) return;
    this.saveButton.disabled = true;
    this.say("Saving…");
    try {
      this.draft.isSaved(await this.server.save(edits));
      this.notice.hidden = true;
      this.say(/^(live|promoted)$/.test(this.draft.experience.state) ? "Saved. Visitors see it now." : "Saved.");
    } catch (error) {
      this.refresh();
      if (!(error instanceof Refusal)) throw error;
      this.say(error.message, true);
      if (error.experience) this.askWhich(error.experience, error.message);
      if (error.ends) this.end(error.message);
    }
  }

  private askWhich(theirs: Opened["experience"], message: string): void {
    const choose = (how: "theirs" | "mine" | "both", said: string) =>
      button(said, () => {
        this.draft.goOnFrom(theirs, how);
        this.notice.hidden = true;
        this.version = theirs.variations.find((one) => one.id === this.version?.id) ?? theirs.variations[0] ?? null;
        this.refresh();
        this.say(how === "theirs" ? "This is what was saved. Undo brings yours back." : "Look at it, then save.");
      });
    this.notice.className = "notice";
    this.notice.hidden = false;
    this.notice.replaceChildren(
      h("p", {}, `${message} Nothing of yours is lost.`),
      h("div", { className: "row" }, choose("both", "Put mine on top of theirs"), choose("mine", "Replace theirs with mine"), choose("theirs", "Take theirs")),
    );
  }

  private end(message: string): void {
    this.ended = true;
    this.draft.keep();
    this.saveButton.disabled = true;
    this.warn(`${message}${this.draft.unsaved.length ? " What you have not saved is kept in this browser and will be here when you open the editor again." : ""}`, true);
  }

  private warnOfTheEnd(): void {
    if (!this.ended && this.opened.expiresAt - Date.now() < 125_000) this.warn("The editor can save for two more minutes. After that, open it from the dashboard again; what is not saved is kept in this browser.");
  }

  private leave(): void {
    this.draft.keep();
    forgetToken();
    location.reload();
  }

  /** Puts the panel aside while the page is shown in a frame, and goes on with what was edited there. */
  private setAside(back: boolean): void {
    this.panel.hidden = !back;
    if (!back) this.draft.keep();
    else location.reload();
  }

  private key(event: KeyboardEvent): void {
    const typing = event.composedPath()[0] instanceof HTMLElement && (event.composedPath()[0] as HTMLElement).matches("input, textarea, .rich, .rich *");
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "s") void this.save();
    else if (command && !typing && key === "z") event.shiftKey ? this.draft.redo() : this.draft.undo();
    else if (command && !typing && key === "y") this.draft.redo();
    else if (event.key === "Escape") {
      this.moving = null;
      this.picker.select(null);
    } else return;
    event.preventDefault();
    this.showChosen();
  }

  private say(text: string, bad = false): void {
    this.status.textContent = text;
    this.status.classList.toggle("bad", bad);
  }

  private warn(text: string, bad = false): void {
    this.notice.className = bad ? "notice bad" : "notice";
    this.notice.hidden = false;
    this.notice.replaceChildren(h("p", {}, text));
  }
}

function label(one: Variation, all: readonly Variation[]): string {
  const alone = all.filter(({ segment }) => segment === one.segment).length === 1;
  return alone ? one.segment : `${one.segment}: ${one.name}`;
}

function targeted(change: Change, selector: string, matches: number, others: readonly string[]): Change {
  const { otherwise: _, ...rest } = change;
  return { ...rest, selector, matches, ...(matches === 1 && others.length ? { otherwise: others } : {}) } as Change;
}

function named(element: HTMLElement): string {
  const text = (element.textContent ?? "").replace(/\s+/g, " ").trim();
  return `${element.localName}${text ? ` “${text.length > 40 ? `${text.slice(0, 39)}…` : text}”` : ""}`;
}
