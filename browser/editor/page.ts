import type { Experience } from "./contract";

/** Whether the experience runs on this page. One that cannot be read is not judged here: the dashboard says what is wrong. */
export function pathMatches({ pattern }: Experience): boolean {
  return pattern === null || new RegExp(pattern).test(location.host + location.pathname);
}
