import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { listenToHost } from "./session/host.js";
import { Session } from "./session/session.svelte.js";
import { TokenKeep, tokenInFragment } from "./session/token.js";
import { storageHere } from "./shell/storage.js";
import { Tastes } from "./shell/tastes.svelte.js";
import { speak } from "./words/words.js";

const kept = storageHere(() => sessionStorage);
const keep = new TokenKeep(kept);

/** A token in the address is taken out of it before anything else sees it. */
function tokenFromAddress(): string | null {
  const token = tokenInFragment(location.hash);
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

const first = tokenFromAddress();
if (first !== null) keep.set(first);

const tastes = new Tastes(storageHere(() => localStorage));
const { language } = tastes.now;
document.documentElement.lang = await speak(language === null ? navigator.languages : [language]);

const session = new Session({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/agent`,
  keep,
  storage: kept,
  tastes,
});

addEventListener("hashchange", () => {
  const token = tokenFromAddress();
  if (token !== null) session.signIn(token);
});

mount(App, { target: document.body, props: { session } });
void listenToHost(session);
