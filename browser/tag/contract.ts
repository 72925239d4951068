// What the server and the tag say to each other. docs/tag.md describes it in words.

/** Where experiences run, so that the tag knows what to hide before it knows what to change. */
export interface Page {
  /** A regular expression over `location.host + location.pathname`. */
  readonly pattern: string;
  /** `*` is the whole page, which may be about to be left. */
  readonly selectors: readonly string[];
  /** A component may move the page: it has to be there before the page is seen. */
  readonly pushes?: boolean;
}

/** The one argument of the tag, written behind its code by the server. */
export interface Config {
  readonly writeKey: string;
  /** Where Pitcairn answers: scheme and host, without a slash at the end. */
  readonly host: string;
  readonly version: string;
  /** For how long elements may be hidden at most, in ms. */
  readonly capMs: number;
  readonly pages: readonly Page[];
  readonly goals?: readonly ElementGoal[];
  /** The source's settings: nothing is stored before the visitor opts in; the browser's Global Privacy Control opts out. */
  readonly asksConsent?: boolean;
  readonly honoursGPC?: boolean;
  /** The share of page loads whose vitals are told: 0 to 1. */
  readonly vitalsShare?: number;
}

/** What is reported when it happens to an element: to which goal it belongs is the server's to know. */
export interface ElementGoal {
  readonly id: number;
  readonly on: "click" | "submit";
  readonly selector: string;
}

/** What a visitor said: opted in, opted out, or nothing yet. */
export type Choice = "in" | "out" | "";

/** Which elements a change is about. */
export interface Target {
  readonly selector: string;
  /** Other selectors for the same elements, for when the page was rebuilt; in the order in which they are tried. */
  readonly otherwise?: readonly string[];
  /** How many elements there should be: the first selector that finds so many is taken. Without it, the first is. */
  readonly matches?: number;
}

export type Change = Target &
  (
    | { readonly type: "text" | "html"; readonly value: string }
    | { readonly type: "attribute"; readonly name: string; readonly value: string | null }
    | { readonly type: "style"; readonly name: string; readonly value: string }
    | { readonly type: "hide" }
    | { readonly type: "insert"; readonly position: Position; readonly value: string }
    | { readonly type: "move"; readonly position: Position; readonly to: string }
    /** Of a control: nothing is changed, but its exposure is due when a treatment's would be. */
    | { readonly type?: undefined }
  );

export type Position = "before" | "after" | "start" | "end";

export interface Named {
  readonly id: number;
  readonly name: string;
}

export interface Decision {
  readonly experience: Named;
  readonly audienceSegment: Named;
  readonly variation: Named | null;
  readonly personalized: boolean;
  readonly reason: string;
  readonly exposureId: string;
  readonly changes: readonly Change[];
  readonly type?: string;
  /** Of a component: what it says, and when it is shown; a control's has the latter only. */
  readonly config?: object;
  /** Of a redirect: where to. A control's has none. */
  readonly redirect?: string;
}

/** What the tag lends to the components, which are a script of their own. */
export interface Stage {
  /** Nobody has seen the page yet. */
  readonly early: boolean;
  readonly mayStore: boolean;
  /** The component is really shown, or would be if this were no control. */
  readonly seen: (decision: Decision) => void;
  /** A Track call that can be a goal. `id` makes it count once. */
  readonly did: (decision: Decision, event: string, id: string, properties: object) => void;
  readonly identify: (traits: object) => void;
  /** In the dashboard's form, whose focus is not to be taken. */
  readonly preview?: boolean;
  /** Keeps a node that is put in from a framework that is about to take over the page. */
  readonly put: (nodes: readonly Node[], element: Element) => void;
}

export interface Answer {
  readonly visitorId: string;
  readonly decisions: readonly Decision[];
  /** What became of the identity token, if one was shown: `proven`, or why not. */
  readonly identity?: string;
}

/** A question to /v1/decide that is under way. */
export interface Question {
  /** The address it was asked for: an answer for another one is of no use. */
  readonly url: string;
  /** When it was asked, on `performance.now()`'s clock: the cap counts from here. */
  readonly start: number;
  /** Null when no answer is to be had. Never rejects. */
  readonly answer: Promise<Partial<Answer> | null>;
  readonly abort: AbortController;
  /** The visitor id it was asked with. */
  readonly anonymousId: string;
}

/** The calls that a page may make. Each promise settles, and a rejected one that nobody awaits is not reported. */
export interface Client {
  /** `token`: an identity token, which proves who it is. */
  identify(userId?: unknown, traits?: object, options?: { token?: unknown }): Promise<void>;
  trackConversion(conversion?: unknown, properties?: object): Promise<void>;
  optIn(): Promise<void>;
  optOut(): Promise<void>;
  defaultOptOut(): Promise<void>;
}

/** A call that was made before the tag had come, and how its promise is settled. */
export type Call = readonly [name: keyof Client, args: unknown[], resolve: () => void, reject: (reason: Error) => void];

declare global {
  interface Window {
    /** Set by the shim, which asks while the tag is still on its way. */
    __pitcairn?: Question;
    /** The calls that the shim has taken. */
    __pitcairnCalls?: Call[];
    /** Set by the components' script: shows these, and no others. */
    __pitcairnComponents?: (decisions: readonly Decision[], stage: Stage) => void;
    /** The tag runs once on a page, however often it is included. */
    __pitcairnOn?: boolean;
    /** Called by the server's last line of the tag's file. */
    __pitcairnTag?: (config: Config) => void;
    mutiny?: { client?: Client };
    mutinyClient?: Client;
    analytics?: {
      track?: (event: string, properties: object, options?: object) => unknown;
      identify?: (userId: string, traits: object) => unknown;
    };
  }
}

/** How a page that asks for Trusted Types is given HTML and addresses of scripts. */
export interface TypePolicy {
  createHTML(html: string): string;
  createScriptURL(url: string): string;
}

/** A script of ours that brings along the policy of the one that loaded it. */
export type TagScript = HTMLScriptElement & { types?: TypePolicy | undefined };
