// What is being edited: the changes of every variation, with the way back and forth between its states. A draft outlives
// the page and the token: it stays in this browser until it is saved or thrown away.
import type { Change, Experience, Variation } from "./contract";

type Lists = ReadonlyMap<number, readonly Change[]>;

interface Kept {
  revisions: [number, string][];
  changes: [number, readonly Change[]][];
}

/** As JSON with its keys in order: the server gives an object's keys in an order of its own. */
const text = (value: unknown) =>
  JSON.stringify(value, (_, one) => (one && typeof one === "object" && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort()) : one));

const same = (a: unknown, b: unknown) => text(a) === text(b);

/** What a change is about: a later one about the same takes its place. */
export function about(change: Change): string {
  const what = "name" in change ? change.name : change.type === "insert" ? change.position + change.value : "";
  return JSON.stringify([change.selector, change.type === "html" ? "text" : change.type, what]);
}

export class Draft {
  private past: Lists[] = [];
  private future: Lists[] = [];
  private lists: Lists;
  private saved: Experience;
  private revisions: Map<number, string>;
  /** What the last step was about: typing on in one field is one step. */
  private typing = "";

  constructor(
    experience: Experience,
    private readonly changed: () => void,
  ) {
    this.saved = experience;
    this.lists = new Map(experience.variations.map(({ id, changes }) => [id, changes]));
    this.revisions = new Map(experience.variations.map(({ id, revision }) => [id, revision]));
  }

  get experience(): Experience {
    return this.saved;
  }

  changes(id: number): readonly Change[] {
    return this.lists.get(id) ?? [];
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** The variations that differ from what is saved, each with the revision it was made from. */
  get unsaved(): Pick<Variation, "id" | "revision" | "changes">[] {
    return this.saved.variations
      .filter(({ id, changes }) => !same(changes, this.changes(id)))
      .map(({ id }) => ({ id, revision: this.revisions.get(id)!, changes: this.changes(id) }));
  }

  /** Puts a new list in place. `typing` names a field: what is typed into it in one go is undone in one go. */
  set(id: number, changes: readonly Change[], typing = ""): void {
    if (same(changes, this.changes(id))) return;
    if (!typing || typing !== this.typing) this.past.push(this.lists);
    this.typing = typing;
    this.future = [];
    this.lists = new Map(this.lists).set(id, changes);
    this.notify();
  }

  /** Adds changes, each in the place of the one that was about the same. */
  put(id: number, changes: readonly Change[], typing = ""): void {
    this.set(id, merged(this.changes(id), changes), typing);
  }

  /** What is typed next is a step of its own. */
  pause(): void {
    this.typing = "";
  }

  undo(): void {
    this.step(this.past, this.future);
  }

  redo(): void {
    this.step(this.future, this.past);
  }

  /** Notes what the server has now, as the answer to a save. What was edited while it was under way stays edited. */
  isSaved(experience: Experience): void {
    this.saved = experience;
    for (const { id, revision } of experience.variations) this.revisions.set(id, revision);
    this.notify();
  }

  /** Goes on from what somebody else saved. What was made here stays one step of undo away. */
  goOnFrom(experience: Experience, how: "theirs" | "mine" | "both"): void {
    const mine = this.lists;
    const was = this.saved;
    this.past.push(mine);
    this.future = [];
    this.typing = "";
    const lists = new Map<number, readonly Change[]>();
    for (const { id, changes } of experience.variations) {
      const before = was.variations.find((one) => one.id === id)?.changes ?? [];
      const own = this.changes(id).filter((change) => !before.some((one) => same(one, change)));
      lists.set(id, how === "theirs" ? changes : how === "mine" ? this.changes(id) : merged(changes, own));
    }
    this.lists = lists;
    this.isSaved(experience);
  }

  keep(): void {
    try {
      if (!this.unsaved.length) localStorage.removeItem(this.key);
      else localStorage[this.key] = JSON.stringify({ revisions: [...this.revisions], changes: [...this.lists] } satisfies Kept);
    } catch {
      // No room or no storage: the draft lasts as long as the page.
    }
  }

  /** Takes up what was kept. Whether there was anything. */
  resume(): boolean {
    let kept: Kept;
    try {
      kept = JSON.parse(localStorage[this.key] ?? "null");
    } catch {
      return false;
    }
    if (!kept) return false;
    const known = new Set(this.saved.variations.map(({ id }) => id));
    const lists = new Map(this.lists);
    for (const [id, changes] of kept.changes) if (known.has(id)) lists.set(id, changes);
    // The revisions it was made from: if somebody has saved since, the save will say so.
    for (const [id, revision] of kept.revisions) if (known.has(id)) this.revisions.set(id, revision);
    if (same([...lists], [...this.lists])) return false;
    this.past.push(this.lists);
    this.lists = lists;
    this.notify();
    return true;
  }

  private get key(): string {
    return `pitcairn-draft-${this.saved.id}`;
  }

  private step(from: Lists[], to: Lists[]): void {
    const lists = from.pop();
    if (!lists) return;
    to.push(this.lists);
    this.lists = lists;
    this.typing = "";
    this.notify();
  }

  private notify(): void {
    this.keep();
    this.changed();
  }
}

function merged(changes: readonly Change[], more: readonly Change[]): Change[] {
  const result = [...changes];
  for (const change of more) {
    const at = result.findIndex((one) => about(one) === about(change));
    if (at < 0) result.push(change);
    else result[at] = change;
  }
  return result;
}

/** What says of which element a change is. */
export function targetOf({ selector, otherwise, matches, look }: Change): Pick<Change, "selector" | "otherwise" | "matches" | "look"> {
  return { selector, ...(otherwise && { otherwise }), ...(matches && { matches }), ...(look && { look }) };
}

/** The change, made of what another selector finds. */
export function targeted(change: Change, selector: string, matches: number, others: readonly string[]): Change {
  const { otherwise: _, ...rest } = change;
  return { ...rest, selector, matches, ...(matches === 1 && others.length ? { otherwise: others } : {}) } as Change;
}
