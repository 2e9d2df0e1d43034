// The pages in a real browser: what a person does from the first start on, by keyboard and mouse. `npm run test:browser`.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { readAuthenticatorCode } from "../../packages/server/test/harness/authenticator.ts";
import { startTestRouter, type TestRouter } from "../../packages/server/test/harness/router.ts";
import { openChromium, type Chromium, type Page } from "./chromium.ts";

const password = "correct horse battery";
let app: TestRouter;
let chromium: Chromium;
/** Passkeys belong to a name, so people come by it. */
let url: string;
let olga: Page;
const pages: Page[] = [];

before(async () => {
  app = await startTestRouter();
  url = app.url.replace("127.0.0.1", "localhost");
  chromium = await openChromium();
  olga = await openPage();
});
after(async () => {
  await chromium[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});
afterEach(() =>
  assert.deepEqual(
    pages.flatMap(({ faults }) => faults),
    [],
    "no script fails, and no policy is broken",
  ),
);

async function openPage(): Promise<Page> {
  const page = await chromium.openPage();
  pages.push(page);
  return page;
}

const untilAccount = (page: Page) =>
  page.until(`location.pathname === "/account" && document.querySelector("#account")?.hidden === false`);
const untilPath = (page: Page, path: string) => page.until(`location.pathname === "${path}"`);
const untilError = (page: Page, field: string) =>
  page.until(
    `document.querySelector("#${field}-error")?.textContent.length > 0 && document.activeElement.id === "${field}"`,
  );

async function signOut(page: Page): Promise<void> {
  await page.click("#sign-out");
  await untilPath(page, "/sign-in");
}

async function beginDevice(client: string) {
  const sent = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ client }) };
  const response = await fetch(`${url}/api/auth/device/code`, sent);
  return (await response.json()) as { device_code: string; user_code: string; verification_uri_complete: string };
}

test("the owner comes by the link of the log, and mistakes stand beside their fields", async () => {
  await olga.goto(`${url}/setup#token=${app.setupToken}`);
  await olga.type("#name", "Olga");
  await olga.type("#email", "olga@example.com");
  await olga.type("#password", "short");
  await olga.pressEnter();
  await olga.until(`document.querySelector("#password-error")?.textContent.includes("10 characters")`);
  assert.equal(await olga.evaluate(`document.activeElement.id`), "password");
  await olga.type("#password", password);
  await olga.pressEnter();
  await untilAccount(olga);
  assert.equal(await olga.evaluate(`document.querySelector("#role").textContent`), "Owner");
  assert.equal(await olga.evaluate(`location.hash`), "", "the token is not in the history");
});

test("with an authenticator app from its QR code, signing in takes a code, or a backup code", async () => {
  await olga.type("#authenticator-password", password);
  await olga.pressEnter();
  await olga.until(`document.querySelector("#qr svg path")?.getAttribute("d").length > 1000`);
  const secret = String(await olga.evaluate(`document.querySelector("#secret").textContent`)).replaceAll(" ", "");
  const readCode = (): string => readAuthenticatorCode(`otpauth://totp/x?secret=${secret}`, Date.now());
  await olga.type("#pairing-code", "000000");
  await olga.pressEnter();
  await olga.until(`document.querySelector("#pairing-code-error")?.textContent.includes("wrong")`);
  await olga.type("#pairing-code", readCode());
  await olga.pressEnter();
  await olga.untilText("Your backup codes");
  const backup = String(await olga.evaluate(`document.querySelector("#backup-codes li").textContent`));
  await olga.click("#backup-done");
  await olga.untilText("It is on.");

  await signOut(olga);
  await olga.type("#email", "olga@example.com");
  await olga.type("#password", password);
  await olga.pressEnter();
  await olga.click("#other-code");
  await olga.type("#code", "wrong-code1");
  await olga.pressEnter();
  await untilError(olga, "code");
  await olga.type("#code", backup);
  await olga.pressEnter();
  await untilAccount(olga);
});

test("a passkey is added and renamed, and then signs in by itself where people type", async () => {
  await olga.addAuthenticator();
  await olga.click("#add-passkey");
  await olga.type("#dialog-input", "Laptop");
  await olga.pressEnter();
  await olga.untilText("Laptop");
  await olga.click(`#passkeys button[aria-label="Rename Laptop"]`);
  await olga.type("#dialog-input", "Work laptop");
  await olga.pressEnter();
  await olga.untilText("Work laptop");
  await olga.evaluate(`window.isBefore = true`);
  await olga.click("#sign-out");
  // The authenticator answers at once what the sign-in page asks for: no code is needed beside it.
  await olga.until(`window.isBefore === undefined`);
  await untilAccount(olga);
});

test("a command line is let in by who signs in for it, and gets a key", async () => {
  const begun = await beginDevice("laptop of Kim");
  const other = await openPage();
  await other.goto(begun.verification_uri_complete);
  await untilPath(other, "/sign-in");
  assert.equal(
    await other.evaluate(`new URLSearchParams(location.search).get("returnTo")`),
    `/device?code=${begun.user_code}`,
  );
  await olga.goto(begun.verification_uri_complete);
  await olga.untilText("laptop of Kim");
  await olga.untilText(begun.user_code);
  await olga.click("#approve");
  await olga.untilText("The command line is signed in");
  const polled = await fetch(`${url}/api/auth/device/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ device_code: begun.device_code }),
  });
  assert.match(((await polled.json()) as { key: string }).key, /^axk_/);
});

test("somebody invited comes in with a passkey alone; when the first try fails, the page helps on", async () => {
  const sent = `{ method: "POST", headers: { "content-type": "application/json" }, body: '{"email":"kim@example.com"}' }`;
  const link = String(
    await olga.evaluate(`fetch("/api/invitations", ${sent}).then((r) => r.json()).then((b) => b.url)`),
  );
  const kim = await openPage();
  const authenticator = await kim.addAuthenticator();
  await authenticator.setVerified(false);
  await kim.goto(link);
  await kim.type("#name", "Kim");
  await kim.click("#way-passkey");
  await kim.click("#accept button.main");
  await kim.untilText("One step is left");
  await authenticator.setVerified(true);
  await kim.click("#add-passkey");
  await untilAccount(kim);
  await kim.untilText("You have none: you sign in with a passkey");
  await kim.click("#passkeys .danger");
  await kim.untilText("It is your only way in");
  await kim.click("#dialog-no");
  const late = await openPage();
  await late.goto(link);
  await late.untilText("This invitation was used");
});

test("a link sets a new password, and after signing in with it nobody is led to another site", async () => {
  const page = await openPage();
  const sent = `{ method: "POST", headers: { "content-type": "application/json" }, body: '{}' }`;
  const id = String(
    await olga.evaluate(`fetch("/api/users?search=kim").then((r) => r.json()).then((b) => b.items[0].id)`),
  );
  const reset = await olga.evaluate(
    `fetch("/api/users/${id}/reset-password", ${sent}).then((r) => r.json()).then((b) => b.url)`,
  );
  await page.goto(String(reset));
  await page.type("#password", "a password for kim");
  await page.pressEnter();
  await page.untilText("The new password is set");
  await page.goto(`${url}/sign-in?returnTo=${encodeURIComponent("//evil.example/")}`);
  await page.type("#email", "kim@example.com");
  await page.type("#password", "a password for kim");
  await page.pressEnter();
  await untilAccount(page);
});
