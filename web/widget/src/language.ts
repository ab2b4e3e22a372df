import labels from "./words/labels.json" with { type: "json" };

export type Language = keyof typeof labels;

/** The part of a language tag that words go by. */
export function languageOf(locale: string): Language | undefined {
  const [language = ""] = locale.toLowerCase().split("-");
  return Object.hasOwn(labels, language) ? (language as Language) : undefined;
}

/** The first of these tags that there are words for, else English. */
export function chooseLocale(...wishes: (string | undefined)[]): string {
  return wishes.find((wish) => wish !== undefined && languageOf(wish) !== undefined) ?? "en";
}

/** What the button is called while the chat is closed and while it is open: the only words the loader brings. */
export function buttonNames(language: Language): string[] {
  return labels[language];
}
