import { expect, test } from "vitest";
import { linkParts, safeHref } from "../src/conversation/links.js";

const hrefs = (text: string) => linkParts(text).flatMap((part) => part.href ?? []);

test("p2_bare_web_addresses_become_links_and_nothing_else_does", () => {
  expect(linkParts("See https://a.example/b?c=1. Bye")).toEqual([
    { text: "See " },
    { text: "https://a.example/b?c=1", href: "https://a.example/b?c=1" },
    { text: ". Bye" },
  ]);
  expect(hrefs("(https://a.example/x_(y)) and http://b.example!")).toEqual([
    "https://a.example/x_(y)",
    "http://b.example",
  ]);
  expect(hrefs("javascript:alert(1) <b>hi</b> ftp://a.example www.a.example data:text/html,x")).toEqual([]);
  expect(linkParts("<img src=x onerror=alert(1)>")).toEqual([{ text: "<img src=x onerror=alert(1)>" }]);
});

test("p2_only_web_and_mail_addresses_are_opened", () => {
  expect(safeHref("mailto:a@b.example")).toBe("mailto:a@b.example");
  expect(safeHref("javascript:alert(1)")).toBeNull();
  expect(safeHref("http://a.example/x.png", ["https:"])).toBeNull();
  expect(safeHref("not an address")).toBeNull();
});
