// Tokens in a text: `{{ account.name | default: "your team" }}`. The server renders them for each visitor; here they are
// shown as a visitor sees them of whom nothing is known.
import type { Change } from "./contract";

const TOKEN = /\{\{\s*([^{}|]+?)\s*(\|[^{}]*)?\}\}/g;
const FALLBACK = /\|\s*default\s*:\s*(?:"([^"]*)"|'([^']*)')/;

export const token = (name: string, fallback: string): string => `{{ ${name} | default: "${fallback.replace(/["{}]/g, "")}" }}`;

export function withFallbacks(change: Change): Change {
  if (!("value" in change) || !change.value?.includes("{{")) return change;
  const value = change.value.replace(TOKEN, (_, _name: string, filters = "") => {
    const found = FALLBACK.exec(filters);
    return found?.[1] ?? found?.[2] ?? "";
  });
  return { ...change, value } as Change;
}
