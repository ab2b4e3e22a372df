import { MediaQuery } from "svelte/reactivity";

/** A screen with room for one column: a phone, or a desktop zoomed in. The style sheets say the same. */
export const narrow = new MediaQuery("max-width: 48rem");
