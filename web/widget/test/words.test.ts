import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { languages, oneForEachLanguage } from "../../vite.languages.js";
import { countdown, day, number, time } from "../src/panel/formats.js";
import { fill, words } from "../src/words.js";

const WORDS = resolve(import.meta.dirname, "../src/words");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "usher-words-"));
  cpSync(WORDS, folder, { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function change(file: string, edit: (words: Record<string, unknown>) => void): void {
  const path = join(folder, file);
  const all = JSON.parse(readFileSync(path, "utf8"));
  edit(all);
  writeFileSync(path, JSON.stringify(all));
}

test("v7_the_widget_speaks_eight_languages", () => {
  expect([...languages().keys()].sort()).toEqual(["ar", "de", "en", "es", "fr", "nl", "pl", "pt"]);
  for (const [language, all] of languages()) {
    expect(all.language).toBe(language);
    // Nothing was left in English but names that are the same there.
    const english: Record<string, string> = words;
    const same = Object.keys(all).filter((name) => language !== "en" && all[name] === english[name]);
    expect(same.filter((name) => !["panel", "log", "message"].includes(name))).toEqual([]);
  }
});

test("v7_a_missing_key_fails_the_build", () => {
  expect(languages(folder).size).toBe(8);
  change("pl.json", (all) => delete all.typing);
  change("de.json", (all) => {
    all.extra = "?";
  });
  change("fr.json", (all) => {
    all.joined = "quelqu’un a rejoint";
  });
  change("nl.json", (all) => {
    all.send = "";
  });
  change("labels.json", (all) => {
    delete all.ar;
    delete (all.es as Record<string, unknown>).unreached;
  });
  expect(() => languages(folder)).toThrow(
    /de\.json has "extra".*fr\.json: "joined".*nl\.json lacks "send".*pl\.json lacks "typing"/s,
  );
  expect(() => languages(folder)).toThrow(/labels\.json lacks "ar"/);
  expect(() => languages(folder)).toThrow(/labels\.json, es lacks "unreached"/);
});

test("v7_the_build_stops_where_a_word_is_missing_and_where_the_chat_says_one_that_no_language_has", async () => {
  const config = (said: string) => ({
    configFile: false as const,
    logLevel: "silent" as const,
    plugins: [
      {
        name: "parts",
        resolveId: (id: string) => `/widget/src/${id}.ts`,
        load: (id: string) => (id.includes("chat") ? `console.log(words.${said})` : "console.log(1)"),
      },
      oneForEachLanguage("chat.js", "widget.js", "chat.*.js", (code) => code, folder),
    ],
    build: {
      write: false,
      lib: { entry: { widget: "widget", chat: "chat" }, formats: ["es" as const] },
      rolldownOptions: { output: { entryFileNames: "[name].js" } },
    },
  });
  await build(config("send"));
  await expect(build(config("hello"))).rejects.toThrow("words.hello");
  change("pl.json", (all) => delete all.typing);
  await expect(build(config("send"))).rejects.toThrow('pl.json lacks "typing"');
}, 60_000);

test("v3_the_place_in_the_queue_is_told_in_words", () => {
  expect(fill(words.place, number(3))).toBe("You are number 3 in the queue.");
  // What a person is called is no pattern.
  expect(fill(words.joined, "$& {}")).toBe("$& {} joined");
});

test("v7_times_and_numbers_are_written_as_the_visitors_country_does", () => {
  expect([61_000, 60_001, 9_500, 1, 0].map(countdown)).toEqual(["1:01", "1:01", "0:10", "0:01", "0:00"]);
  const at = new Date(2025, 11, 5, 14, 5).getTime();
  expect([time(at), day(at), number(1_234)]).toEqual(["14:05", "Friday 5 December", "1,234"]);
});

test("v5_every_code_that_says_stop_and_that_a_person_can_do_something_about_has_words_of_its_own", () => {
  const all: Record<string, string> = words;
  const said = [4502, 4503, 4504, 4505, "stopped"].map((code) => all[code]);
  expect(new Set(said).size).toBe(said.length);
  expect(said).not.toContain(undefined);
});
