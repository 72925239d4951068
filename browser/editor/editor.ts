// The editor: its panel beside the page, and what its parts do to the draft.
import { isShownHere, pathMatches } from "./page";
import { cameWithAny } from "../tag/changes";
import { EDITOR } from "../tag/editing";
import { watchRoutes } from "../tag/routes";
import type { Change, Opened, Variation } from "./contract";
import { button, field, h } from "./dom";
import { whereTo, whichToKeep } from "./asking";
import { Draft, targeted, targetOf } from "./draft";
import { elementPart, type Actions, type Bare, type Chosen } from "./element";
import { changeList, findings, type Finding } from "./list";
import { LOOK } from "./look";
import { Picker } from "./picking";
import { lookOf } from "./refind";
import { scoreOf, selectorsOf } from "./selectors";
import { Refusal, type Server } from "./server";
import { asOriginal, countOf, elementOf, show } from "./stage";
import { forgetToken } from "./token";
import { inFrame, widths } from "./widths";
import { label, named } from "./words";

/** How long the page is let alone before what it has rendered since is looked at, in ms. */
const SETTLING = 250;

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
  /** How many elements each change finds with all of them made; when these are others, the page has rendered something. */
  private counts = "";
  private address = location.href;
  private wasElsewhere = false;
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
    this.picker = new Picker(
      this.host,
      (element) => this.choose(element),
      () => this.again(),
    );
    this.build();
    this.point(true);
    if (this.draft.resume()) this.say("What was not saved the last time is here again.");
    else this.refresh();
    if (!this.version) this.warn("This experience has no audience segment yet. Add one in the dashboard, then open the editor again.");
    else if (!pathMatches(opened.experience)) this.warn(`The experience runs on ${opened.experience.page}, and this page is not among them: visitors of this page will not see it.`);
    watchRoutes(() => this.moved());
    this.watchThePage();
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
    show(this.isHere ? changes : []);
    this.found = this.isHere ? findings(changes) : [];
    this.counts = this.countAll();
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
      this.chosenPart.replaceChildren(h("p", { className: "mut" }, this.version && this.isHere ? "Point at an element of the page and press it." : ""));
      return;
    }
    if (cameWithAny(element)) {
      this.chosen = null;
      this.chosenPart.replaceChildren(h("h3", {}, named(element)), h("p", { className: "mut" }, "A change put this in. Edit or remove that change in the list."));
      return;
    }
    if (!this.isHere) {
      this.chosen = null;
      this.chosenPart.replaceChildren(h("p", { className: "mut" }, "The experience does not run on this page, so there is nothing to change here."));
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
    this.chosenPart.replaceChildren(
      ...whereTo(moved, target, done, (to, position) => {
        this.moving = null;
        this.put([{ type: "move", to, position }]);
        done();
      }),
    );
  }

  // What is done.

  private put(bare: readonly Bare[], typing = ""): void {
    const { chosen, version } = this;
    if (!chosen || !version) return;
    const { selector } = chosen.found[0]!;
    const [known] = chosen.changes;
    if (!chosen.element.isConnected && !known) {
      this.say("The element is not on the page any more. Select it again when it is back.", true);
      return;
    }
    const target = asOriginal(() => {
      if (!chosen.element.isConnected) return targetOf(known!);
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
    const element = this.isHere && elementOf(change);
    if (element) this.picker.select(element, true);
    else this.say("Its element is not on this page.", true);
  }

  private turnTo(id: string): void {
    this.version = this.draft.experience.variations.find((one) => String(one.id) === id) ?? null;
    this.moving = null;
    this.refresh();
    this.picker.select(this.picker.element);
  }

  // What the page does meanwhile.

  private get isHere(): boolean {
    return isShownHere(this.draft.experience);
  }

  /** The page's own way led to another address, without the page being loaded anew. */
  private moved(): void {
    const [from, to] = [this.address, location.href].map((address) => address.split("#")[0]);
    this.address = location.href;
    if (from === to) return;
    this.moving = null;
    this.picker.select(null);
    this.refresh();
    if (!this.isHere) this.warn(`This page is not among those that the experience runs on (${this.opened.experience.page}), so it is shown as it is. Go back to one of them to go on.`);
    else if (this.wasElsewhere) this.notice.hidden = true;
    this.wasElsewhere = !this.isHere;
  }

  private again(): HTMLElement | null {
    const { chosen } = this;
    const [first, ...others] = chosen?.found ?? [];
    const element = first && this.isHere ? elementOf({ type: "hide", selector: first.selector, otherwise: others.map((one) => one.selector), matches: 1 }) : null;
    if (element) this.chosen = { ...chosen!, element };
    return element;
  }

  private countAll(): string {
    return this.version && this.isHere ? this.draft.changes(this.version.id).map(countOf).join() : "";
  }

  /** What comes late, or is rendered anew, is found for its changes in the list as well. */
  private watchThePage(): void {
    let waiting = 0;
    new MutationObserver(() => {
      waiting ||= setTimeout(() => {
        waiting = 0;
        if (this.counts !== this.countAll()) this.refresh();
      }, SETTLING);
    }).observe(document, { childList: true, subtree: true });
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
    this.notice.className = "notice";
    this.notice.hidden = false;
    this.notice.replaceChildren(
      ...whichToKeep(message, (how) => {
        this.draft.goOnFrom(theirs, how);
        this.notice.hidden = true;
        this.version = theirs.variations.find((one) => one.id === this.version?.id) ?? theirs.variations[0] ?? null;
        this.refresh();
        this.say(how === "theirs" ? "This is what was saved. Undo brings yours back." : "Look at it, then save.");
      }),
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
    forgetToken(EDITOR);
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
