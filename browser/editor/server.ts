// Reading and saving through the server that this script came from, by the token that the dashboard gave.
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
