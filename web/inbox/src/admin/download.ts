/** Puts a text into a file of the person's downloads. */
export function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it by then; kept on, it would stay in memory.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
