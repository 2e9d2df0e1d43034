// What of the pages' own modules needs no browser.

import assert from "node:assert/strict";
import { test } from "node:test";

async function load<Module>(name: string): Promise<Module> {
  return (await import(new URL(`browser/${name}`, import.meta.url).href)) as Module;
}

const { readOwnPath, signInFor } = await load<{
  readOwnPath(text: string | null, otherwise?: string): string;
  signInFor(path: string): string;
}>("own-path.js");
const { describeBrowser } = await load<{ describeBrowser(agent: string | null): string }>("describe-browser.js");
const { describeAge } = await load<{ describeAge(moment: string, now: number): string }>("describe-moment.js");

test("after signing in people go to pages of the router only, whatever the address says", () => {
  for (const own of ["/account", "/device?code=BBBB-CCCC", "/", "/chat#here"]) assert.equal(readOwnPath(own), own);
  const foreign = [
    null,
    "",
    "account",
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/a\\b",
    "/\t/evil.example",
    "javascript:alert(1)",
    " /account",
    "/sign-in?returnTo=/sign-in",
  ];
  for (const text of foreign) assert.equal(readOwnPath(text), "/account", String(text));
});

test("who is sent to sign in comes back to the same page", () => {
  const to = new URL(signInFor("/device?code=BBBB-CCCC"), "http://localhost");
  assert.equal(readOwnPath(to.searchParams.get("returnTo")), "/device?code=BBBB-CCCC");
});

test("people find their browser in the list of sessions", () => {
  const like = "(KHTML, like Gecko)";
  for (const [agent, words] of [
    [`Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ${like} Chrome/140.0.0.0 Safari/537.36`, "Chrome on Linux"],
    [
      `Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 ${like} Chrome/140.0 Safari/537.36 Edg/140.0`,
      "Edge on Windows",
    ],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Mac"],
    [`Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${like} Version/18.0 Safari/604.1`, "Safari on iPhone"],
    [
      `Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 ${like} Chrome/140.0 Mobile Safari/537.36`,
      "Chrome on Android",
    ],
    ["curl/8.5.0", "curl"],
    ["some program 1.0", "some program 1.0"],
    [null, "An unknown browser"],
  ] as const) {
    assert.equal(describeBrowser(agent), words);
  }
});

test("what was asked a moment ago is told so", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  assert.equal(describeAge("2026-11-23T11:59:30Z", now), "just now");
  assert.equal(describeAge("2026-11-23T11:58:40Z", now), "a minute ago");
  assert.equal(describeAge("2026-11-23T11:51:00Z", now), "9 minutes ago");
});
