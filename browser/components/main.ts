// The components: banners, modals, side pops and surveys. The tag loads this script where one of them is decided, and hands it
// the decisions. Control is watched as treatment is, so that both are counted at the same moment.
import type { Component, Decision, Stage } from "./contract";
import { isClosed, rememberClosed } from "./memory";
import { when, whenBody, whenRead } from "./moments";
import { show } from "./show";

const CLICKED = "Component Clicked";
const ANSWERED = "Survey Answered";

class Live {
  private seen = false;
  private ended = false;
  private remove: (() => void) | undefined;
  private readonly callOff: () => void;

  constructor(
    public decision: Decision,
    public stage: Stage,
  ) {
    const { config, experience } = decision;
    this.callOff = () => {};
    if (isClosed(experience.id, stage.mayStore)) return;
    this.callOff = when(config, () => {
      // What pushes the page is there before it is; the rest comes when it is known what the page looks like.
      (config.push && this.stage.early ? whenBody : whenRead)(() => this.come());
    });
  }

  /** The same component in a new view of the page. */
  goOn(decision: Decision, stage: Stage): void {
    this.decision = decision;
    this.stage = stage;
    if (this.seen) stage.seen(decision);
  }

  end(): void {
    this.callOff();
    this.ended = true;
    this.vanish();
  }

  private come(): void {
    if (this.ended) return;
    const { decision } = this;
    if (decision.personalized) {
      this.remove = show(decision, this.stage, {
        clicked: (label, url) => {
          this.tell(CLICKED, "click-", { label, url });
          this.remember();
        },
        answered: (traits) => {
          this.stage.identify(traits);
          this.tell(ANSWERED, "answer-", { questions: Object.keys(traits) });
          this.remember();
        },
        closed: () => {
          this.remember();
          this.vanish();
        },
      });
    }
    this.seen = true;
    this.stage.seen(decision);
  }

  private vanish(): void {
    this.seen = false;
    if (this.remove) this.remove();
    this.remove = undefined;
  }

  private remember(): void {
    const { experience, config } = this.decision;
    rememberClosed(experience.id, config.remember_days, this.stage.mayStore);
  }

  private tell(event: string, prefix: string, more: object): void {
    const { exposureId, type } = this.decision;
    this.stage.did(this.decision, event, prefix + exposureId, { component: type, ...more });
  }
}

let live = new Map<string, Live>();

window.__pitcairnComponents = (decided, stage) => {
  const next = new Map<string, Live>();
  for (const one of decided) {
    const decision = { ...one, config: one.config as Component };
    const key = JSON.stringify([decision.experience.id, decision.variation, decision.config]);
    const known = live.get(key);
    if (known) known.goOn(decision, stage);
    next.set(key, known || new Live(decision, stage));
  }
  live.forEach((one, key) => next.has(key) || one.end());
  live = next;
};
