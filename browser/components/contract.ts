// What a component is told: the settings of its experience and the content of its variation, in one.
import type { Decision as Decided } from "../tag/contract";

export type { Stage } from "../tag/contract";

export interface Question {
  readonly text: string;
  readonly kind: "single" | "multiple" | "text" | "rating" | "nps";
  readonly options: readonly string[];
  /** What the answer becomes. */
  readonly trait: string;
  readonly required: boolean;
}

/** A control's has the settings only. */
export interface Component {
  readonly trigger: "immediately" | "delay" | "scroll" | "exit_intent";
  readonly seconds: number;
  readonly percent: number;
  /** For how long who closed it does not see it again; 0 is for as long as the page stands. */
  readonly remember_days: number;
  readonly position?: "top" | "bottom" | "left" | "right";
  readonly push?: boolean;
  readonly headline?: string;
  readonly text?: string;
  readonly image?: string;
  readonly image_alt?: string;
  readonly button_label?: string;
  readonly button_url?: string;
  readonly questions?: readonly Question[];
  readonly thanks?: string;
}

export type Decision = Decided & { readonly config: Component };
