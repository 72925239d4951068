import type { Experience } from "./contract";

const place = () => location.host + location.pathname;
const openedOn = place();

/** Whether the experience runs on this page. One that cannot be read is not judged here: the dashboard says what is wrong. */
export function pathMatches({ pattern }: Experience): boolean {
  return pattern === null || new RegExp(pattern).test(place());
}

/** Whether its versions are shown here: where visitors see them, and on the page that the editor was opened on. */
export const isShownHere = (experience: Experience): boolean => place() === openedOn || pathMatches(experience);
