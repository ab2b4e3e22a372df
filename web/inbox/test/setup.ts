import { speak } from "../src/words/words.js";

// As the inbox's main does before it draws anything.
await speak(["en"]);
