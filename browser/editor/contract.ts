// What the server and the editor say to each other. docs/editor.md describes it in words.
import type { Change as Told } from "../tag/contract";

/** What an element was like when a change was made for it, so that it can be found again after a redesign. */
export interface Look {
  readonly tag: string;
  readonly text: string;
  readonly id: string;
  readonly classes: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  /** The tags of its ancestors below the body, outermost first. */
  readonly path: readonly string[];
}

/** A change as it is saved: as visitors are told of it, and what its element was like. */
export type Change = Extract<Told, { readonly type: string }> & { readonly look?: Look };
export type Kind = Change["type"];

export interface Variation {
  readonly id: number;
  readonly name: string;
  readonly segment: string;
  /** Who is in the segment, in words. */
  readonly condition: string;
  /** Names the list of changes that is saved: a save says which one it was made from. */
  readonly revision: string;
  readonly changes: readonly Change[];
}

export interface Experience {
  readonly id: number;
  readonly name: string;
  readonly state: "draft" | "live" | "promoted" | "paused" | "archived";
  readonly page: string;
  readonly pattern: string | null;
  readonly variations: readonly Variation[];
}

export interface Opened {
  readonly member: string;
  /** ms since 1970 */
  readonly expiresAt: number;
  readonly experience: Experience;
  /** What may stand in a text as `{{ … }}`. */
  readonly tokens: readonly string[];
}
