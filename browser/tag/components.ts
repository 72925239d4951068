// Banners, modals, side pops and surveys come in a script of their own, which is loaded where one of them is decided.
import { mayStore } from "./consent";
import { trustedScript } from "./changes";
import type { Client, Config, Decision } from "./contract";
import { expose, report } from "./exposure";
import { disguiseNodes } from "./hydration";
import { quietly } from "./quiet";

/** The version of the components that this tag was built with. */
declare const COMPONENTS: string;

let loaded: Promise<void> | undefined;

/** Where they keep what a visitor closed. */
const CLOSED = "pitcairn_closed";

/** The visitor is forgotten. */
export function forgetComponents(): void {
  try {
    localStorage.removeItem(CLOSED);
  } catch {
    // Storage is closed to this page.
  }
}

export function loadComponents(config: Config): Promise<void> {
  if (!loaded) {
    loaded = new Promise((done) => {
      const script = document.createElement("script");
      script.src = trustedScript(config.host + "/tag/components/" + COMPONENTS + ".js");
      // The page's policy may let scripts in by the nonce alone.
      script.nonce = (document.querySelector<HTMLScriptElement>("script[nonce]") || script).nonce;
      script.onload = script.onerror = () => done();
      document.head.append(script);
    });
  }
  return loaded;
}

/** Shows these, and no others. `isEarly` is asked when their script has come. */
export async function showComponents(config: Config, client: Client, decisions: readonly Decision[], visitorId: string, isEarly: () => boolean): Promise<void> {
  if (!decisions.length && !loaded) return;
  await loadComponents(config);
  quietly(() => {
    window.__pitcairnComponents!(decisions, {
      early: isEarly(),
      mayStore: mayStore(),
      seen: (decision) => expose(config, decision, visitorId),
      did: (decision, event, id, properties) => report(config, decision, visitorId, event, id, properties),
      identify: (traits) => void client.identify(traits),
      put: disguiseNodes,
    });
  })();
}
