// What a site puts in its head, inline or as a file of its own:
//
//   <script src="/shim.js" data-pitcairn-host="https://pitcairn.example" data-write-key="KEY"></script>
//
// It loads the tag so that a server which does not answer costs the visitor the cap and no more. The tag blocks
// rendering, not parsing, and taking a render-blocking script out of the document unblocks rendering, which no other
// kind of blocking script allows. The decision is asked for meanwhile. And where the tag never comes, the calls that the
// page makes are there all the same: they fail by rejecting, after a while.
import { storedChoice } from "./consent";
import { typePolicy } from "./changes";
import type { Call, Client, TagScript, TypePolicy } from "./contract";
import { aside } from "./editing";
import { tokenBefore } from "./identity";
import { ask } from "./question";
import { storedId } from "./visitor";

const CAP = 400; // ms
const CALL = 500; // ms: how long a call waits for the tag

const own = document.currentScript as HTMLScriptElement;
const { pitcairnHost: host, writeKey, version } = own.dataset;
const choice = storedChoice();

function load(): void {
  const tag: TagScript = document.createElement("script");
  const address = host + "/tag/" + (version ? version + "/" : "") + writeKey + ".js";
  let types: TypePolicy | undefined;
  try {
    types = typePolicy();
  } catch {
    // The page's policy names others alone; it may still take an address as it is.
  }
  tag.src = types ? types.createScriptURL(address) : address;
  tag.types = types;
  tag.nonce = own.nonce;
  Object.assign(tag.dataset, own.dataset); // The proof of who the visitor is may be among them.
  if (choice === "out") {
    tag.async = true; // There is nothing to wait for; it comes for the day the visitor opts in.
  } else {
    tag.setAttribute("blocking", "render");
    setTimeout(() => tag.remove(), CAP);
    // The browser names a blob with a new UUID, also on plain http, where there is no `crypto.randomUUID`.
    const newId = () => URL.createObjectURL(new Blob()).slice(-36);
    const id = storedId();
    // Who edits or looks at a preview is no visitor. Whether a new visitor may be remembered, the tag knows.
    if (!aside()) window.__pitcairn = ask(host!, writeKey!, id || newId(), choice, !!id, tokenBefore(own));
  }
  own.after(tag);
}

try {
  load();
} catch {
  // A page that asks for Trusted Types and allows no policy of ours is as if the tag were blocked.
}

if (!window.mutiny) {
  const calls: Call[] = (window.__pitcairnCalls = []);
  const client: Partial<Client> = {};
  for (const name of ["identify", "trackConversion", "optIn", "optOut", "defaultOptOut"] as const) {
    client[name] = (...args) => {
      const settled = new Promise<void>((resolve, reject) => {
        calls.push([name, args, resolve, reject]);
        setTimeout(() => reject(Error("Pitcairn's tag did not come.")), CALL);
      });
      settled.catch(() => {}); // For pages that do not ask what became of it.
      return settled;
    };
  }
  window.mutiny = { client: (window.mutinyClient = client as Client) };
}
