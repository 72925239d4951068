import { show } from "./hiding";

/** Wraps what runs in the page's own time: nothing of ours is ever thrown into it, and nothing stays hidden. */
export function quietly<Args extends unknown[]>(run: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      run(...args);
    } catch {
      show();
    }
  };
}
