// Reading and saving through the server that this script came from, by the token that the dashboard gave.
import { EDITOR } from "../tag/editing";
import type { Experience, Opened, Variation } from "./contract";

/** The server did not do what was asked. `code` is its own word for why, or `unreachable`. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** What is saved now, where somebody else has saved in the meantime. */
    readonly experience?: Experience,
  ) {
    super(message);
  }

  /** Whether a new token is needed. */
  get ends(): boolean {
    return /^(token_|wrong_origin|not_allowed)/.test(this.code);
  }
}

const FRAGMENT = new RegExp(`[#&]${EDITOR}=([\\w.-]+)`);

/** The token, taken out of the address at once and kept for this tab. Empty when there is none. */
export function takeToken(): string {
  const found = FRAGMENT.exec(location.hash);
  if (found) {
    // History.prototype: a router may have put its own in place of `history.replaceState`, and this is no navigation.
    const rest = location.hash.replace(found[0], "");
    History.prototype.replaceState.call(history, history.state, "", location.pathname + location.search + (rest && rest.replace(/^[#&]?/, "#")));
    keepToken(found[1]!);
    return found[1]!;
  }
  try {
    return sessionStorage[EDITOR] ?? "";
  } catch {
    return "";
  }
}

function keepToken(token: string): void {
  try {
    sessionStorage[EDITOR] = token;
  } catch {
    // Without storage the editor lasts until the page is left.
  }
}

export function forgetToken(): void {
  try {
    sessionStorage.removeItem(EDITOR);
  } catch {
    // It was not kept.
  }
}

export class Server {
  constructor(
    private readonly host: string,
    private readonly token: string,
  ) {}

  open(): Promise<Opened> {
    return this.ask<Opened>({});
  }

  /** Saves these variations, each made from its revision. Throws a Refusal; nothing is saved then. */
  async save(variations: readonly Pick<Variation, "id" | "revision" | "changes">[]): Promise<Experience> {
    const body = JSON.stringify({ variations: variations.map(({ id, revision, changes }) => ({ id, revision, changes })) });
    const { experience } = await this.ask<{ experience: Experience }>({ method: "POST", body });
    return experience;
  }

  private async ask<Answer>(what: RequestInit): Promise<Answer> {
    let response: Response;
    let answer: { code?: string; message?: string; experience?: Experience };
    try {
      response = await fetch(`${this.host}/editor/experience`, {
        ...what,
        credentials: "omit",
        cache: "no-store",
        headers: { Authorization: `Bearer ${this.token}`, ...(what.body ? { "Content-Type": "application/json" } : {}) },
      });
      answer = await response.json();
    } catch {
      throw new Refusal("unreachable", `${this.host} does not answer. Check the connection and try again.`);
    }
    if (!response.ok) throw new Refusal(answer.code ?? "failed", answer.message ?? `The server answered ${response.status}.`, answer.experience);
    return answer as Answer;
  }
}
