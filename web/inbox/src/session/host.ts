import { HostTokens, type HostWindow } from "./host_tokens.js";
import type { Session } from "./session.svelte.js";

/** How often, and after which time, a hub that does not answer is asked which applications it knows. */
const TRIES = 30;
const AGAIN_MS = 2_000;

/** Lets an application that the hub was told of sign in, where this page is framed or was opened by one. */
export async function listenToHost(session: Session): Promise<void> {
  const windows = around();
  if (windows.length === 0) return;
  const origins = await hostOrigins();
  if (origins.length === 0) return;
  const host = new HostTokens({
    windows,
    origins,
    signIn: (token) => session.signIn(token),
    now: () => session.desk?.client.clock.now() ?? Date.now(),
  });
  session.hostedBy(host);
  addEventListener("message", (event) => host.heard(event));
}

function around(): HostWindow[] {
  return [parent, opener as Window | null].filter((one): one is Window => one !== null && one !== window);
}

async function hostOrigins(): Promise<readonly string[]> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await fetch("/v1/inbox", { cache: "no-store" }).catch(() => null);
    if (answer?.ok) return ((await answer.json()) as { host_origins: string[] }).host_origins;
    await new Promise((soon) => setTimeout(soon, AGAIN_MS));
  }
  return [];
}
