import { type Browser, type BrowserContextOptions, test as base } from "@playwright/test";
import { Agent } from "./agent";
import { Cable } from "./cable";
import { Desk } from "./desk";
import { Hub, type SignIn } from "./hub";
import { demoPlaybook, type Playbook } from "./playbook";
import { Site, type SiteOptions } from "./site";
import { VisitorPage } from "./visitor_page";

interface World {
  /** How long the playbook waits for an agent, milliseconds. */
  waitMs: number;
  /** What meets the visitor. */
  playbook: Playbook;
  /** Settings of the hub, by their names in its environment. */
  settings: Record<string, string>;
  hub: Hub;
  /** Signs somebody in, in a browser of their own. */
  signIn(who: SignIn): Promise<Desk>;
  /** An agent without a browser. */
  agent(who?: SignIn, online?: boolean): Promise<Agent>;
  /** A visitor on the demo page, or at another address, in a browser of their own. */
  visit(address?: string, options?: BrowserContextOptions): Promise<VisitorPage>;
  /** An agent, online, who has taken the chat of a visitor on the demo page. */
  talk(): Promise<{ jane: Desk; visitor: VisitorPage }>;
  /** A wire to the hub, for tests that cut it. */
  cable: Cable;
  /** Another site that embeds the widget. */
  site(options?: SiteOptions): Promise<Site>;
}

export const test = base.extend<World>({
  waitMs: [60_000, { option: true }],

  settings: [{}, { option: true }],

  playbook: async ({ waitMs }, use) => use(demoPlaybook(waitMs)),

  hub: async ({ playbook, settings }, use) => {
    const hub = await Hub.launch(playbook, settings);
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

  agent: async ({ hub }, use) => {
    const agents: Agent[] = [];
    await use(async (who = hub.agent, online) => {
      const agent = await Agent.signIn(hub, who, online);
      agents.push(agent);
      return agent;
    });
    for (const agent of agents) agent.leave();
  },

  visit: async ({ browser, hub }, use) => {
    const contexts: Awaited<ReturnType<Browser["newContext"]>>[] = [];
    await use(async (address = `${hub.origin}/demo`, options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      return VisitorPage.arrive(context, address);
    });
    for (const context of contexts) await context.close();
  },

  talk: async ({ hub, signIn, visit }, use) =>
    use(async () => {
      const jane = await signIn(hub.agent);
      await jane.goOnline();
      const visitor = await visit();
      await visitor.askForSomebody();
      await jane.openOnly("Unassigned");
      await jane.claim();
      return { jane, visitor };
    }),

  cable: async ({ hub }, use) => {
    const cable = await Cable.lay(hub);
    await use(cable);
    cable.remove();
  },

  site: async ({ hub }, use) => {
    const sites: Site[] = [];
    await use(async (options) => {
      const site = await Site.open(hub, options);
      sites.push(site);
      return site;
    });
    for (const site of sites) site.close();
  },
});

export { expect } from "@playwright/test";
