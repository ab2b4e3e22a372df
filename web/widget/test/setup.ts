/** Node 20 is no navigator; the chat asks one for the visitor's languages. */
globalThis.navigator ??= { language: "en-GB", languages: ["en-GB", "en"] } as unknown as Navigator;
