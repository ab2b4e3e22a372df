import { region } from "../words/words.js";

/** An amount as the reader writes it, with its currency where there is a valid one. */
export function money(value: number, currency: string | undefined): string {
  try {
    return new Intl.NumberFormat(region(), currency === undefined ? {} : { style: "currency", currency }).format(value);
  } catch {
    return `${value} ${currency}`;
  }
}
