/** The pages of admins, in one file: apart they would cost more, and who only answers chats fetches none of them. */
export { default as Editor } from "../playbooks/Editor.svelte";
export { default as Playbooks } from "../playbooks/Playbooks.svelte";
export { default as items } from "./Items.svelte";
export { default as stats } from "./Stats.svelte";
export { default as team } from "./Team.svelte";
export { default as webhooks } from "./Webhooks.svelte";
