import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(js|css|html|svg)$/;

/** Puts a gzipped twin beside every text: the hub serves that to those who take it. */
export function packed(): Plugin {
  return {
    name: "usher:packed",
    writeBundle({ dir = "." }, bundle) {
      for (const { fileName } of Object.values(bundle)) {
        const file = resolve(dir, fileName);
        if (TEXT.test(file)) writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}
