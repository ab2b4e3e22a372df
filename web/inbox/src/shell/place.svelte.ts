/** Where in the app one is; it stands in the address behind the `#`, so that back and forward work. */
export type Place =
  | { view: "inbox"; conversation: string | null }
  | { view: "playbooks" }
  | { view: "playbook"; id: string }
  | { view: AdminView };

/** The pages of admins, beside the playbooks. */
export type AdminView = (typeof ADMIN_VIEWS)[number];
export const ADMIN_VIEWS = ["team", "items", "webhooks", "stats"] as const;

/** Reads `#/playbooks/pb_demo` and the like; whatever is none of ours is the inbox. */
export function placeOf(hash: string): Place {
  const [, view, rest] = /^#\/([a-z]+)(?:\/([^/]+))?$/.exec(hash) ?? [];
  const name = rest === undefined ? null : decoded(rest);
  if (view === "playbooks") return name === null ? { view: "playbooks" } : { view: "playbook", id: name };
  const admins = ADMIN_VIEWS.find((one) => one === view);
  if (admins !== undefined) return { view: admins };
  return { view: "inbox", conversation: view === "c" ? name : null };
}

export function hashOf(place: Place): string {
  switch (place.view) {
    case "inbox":
      return place.conversation === null ? "" : `#/c/${encodeURIComponent(place.conversation)}`;
    case "playbook":
      return `#/playbooks/${encodeURIComponent(place.id)}`;
    default:
      return `#/${place.view}`;
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The place of this tab. */
export class Places {
  now = $state.raw<Place>(placeOf(location.hash));

  constructor() {
    addEventListener("hashchange", () => this.#look());
  }

  /** From chat to chat one place takes the other's: "back" leads to the list, not through all of them. */
  go(place: Place): void {
    const hash = hashOf(place);
    if (hash === location.hash) return;
    const address = hash === "" ? location.pathname + location.search : hash;
    const { now } = this;
    const beside = now.view === "inbox" && now.conversation !== null && place.view === "inbox";
    if (beside) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.#look();
  }

  #look(): void {
    this.now = placeOf(location.hash);
  }
}
