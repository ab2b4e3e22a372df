import { type Browser, test as base } from "@playwright/test";
import { Desk } from "./desk";
import { Hub, type SignIn } from "./hub";
import { demoPlaybook } from "./playbook";
import { VisitorPage } from "./visitor_page";

interface World {
  /** How long the playbook waits for an agent, milliseconds. */
  waitMs: number;
  hub: Hub;
  /** Signs somebody in, in a browser of their own. */
  signIn(who: SignIn): Promise<Desk>;
  /** A visitor on the demo page, in a browser of their own. */
  visit(): Promise<VisitorPage>;
}

export const test = base.extend<World>({
  waitMs: [60_000, { option: true }],

  hub: async ({ waitMs }, use) => {
    const hub = await Hub.launch(demoPlaybook(waitMs));
    await use(hub);
    await hub.end();
  },

  signIn: async ({ browser, hub }, use) => {
    const contexts: Awaited<ReturnType<Browser["newContext"]>>[] = [];
    await use(async (who) => {
      const context = await browser.newContext({ permissions: ["notifications"] });
      contexts.push(context);
      return Desk.signIn(await context.newPage(), hub, who);
    });
    for (const context of contexts) await context.close();
  },

  visit: async ({ browser, hub }, use) => {
    const contexts: Awaited<ReturnType<Browser["newContext"]>>[] = [];
    await use(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      return VisitorPage.arrive(context, hub);
    });
    for (const context of contexts) await context.close();
  },
});

export { expect } from "@playwright/test";
