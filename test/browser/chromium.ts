// A real Chromium without a window, driven over its DevTools protocol, with an authenticator for passkeys that is made of
// software. It must be installed already: this fetches nothing.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { until, within } from "../harness/until.ts";

export type Chromium = AsyncDisposable & {
  /** With cookies of its own. */
  openPage(): Promise<Page>;
};

export type Page = {
  goto(url: string): Promise<void>;
  /** JavaScript in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** Until an expression holds in the page, however often it loads another one meanwhile. */
  until(expression: string): Promise<void>;
  untilText(text: string): Promise<void>;
  /** In place of what is in the field. */
  type(selector: string, text: string): Promise<void>;
  /** By mouse, in the middle of what is shown. */
  click(selector: string): Promise<void>;
  pressEnter(): Promise<void>;
  /** From now on passkeys are kept and given by software that says that it checked its owner, or does not. */
  addAuthenticator(): Promise<{ setVerified(isVerified: boolean): Promise<void> }>;
  /** What pages threw and what their policy refused. */
  readonly faults: readonly string[];
};

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly error?: { readonly message: string };
  // oxlint-disable-next-line no-explicit-any -- answers and news of every shape
  readonly result?: any;
  // oxlint-disable-next-line no-explicit-any -- as above
  readonly params?: any;
};
type Send = (method: string, params?: object, sessionId?: string) => Promise<Message["result"]>;

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** Undefined: none is installed. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const places = names.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return [process.env["CHROMIUM"] ?? "", ...places].find((place) => place !== "" && existsSync(place));
}

export async function openChromium(): Promise<Chromium> {
  const program = findChromium();
  if (program === undefined) throw new Error("There is no Chromium: install it, or name it in CHROMIUM.");
  const folder = await mkdtemp(path.join(tmpdir(), "auxot-chromium-"));
  // Its sandbox refuses to run as root, and the pages are our own.
  const flags = ["--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage"];
  const child = spawn(program, [...flags, "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.once("error", reject);
    child.once("close", () => reject(new Error(`Chromium ended: ${said}`)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const { send, listen, close } = await connect(address);
  return {
    async openPage() {
      const { browserContextId } = await send("Target.createBrowserContext");
      const { targetId } = await send("Target.createTarget", { url: "about:blank", browserContextId });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      return createPage((method, params) => send(method, params, sessionId), listen, sessionId);
    },
    async [Symbol.asyncDispose]() {
      close();
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function connect(address: string) {
  const socket = new WebSocket(address);
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  const listeners = new Set<(message: Message) => void>();
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`Chromium does not answer at ${address}.`)));
  });
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id === undefined) return listeners.forEach((listener) => listener(message));
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.result);
    else asked?.reject(new Error(message.error.message));
  });
  let last = 0;
  const send: Send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
  return {
    send,
    listen: (listener: (message: Message) => void) => listeners.add(listener),
    close: () => socket.close(),
  };
}

async function createPage(
  send: Send,
  listen: (listener: (message: Message) => void) => void,
  sessionId: string,
): Promise<Page> {
  const faults: string[] = [];
  listen(({ method, params, sessionId: from }) => {
    if (from !== sessionId) return;
    if (method === "Runtime.exceptionThrown") faults.push(JSON.stringify(params.exceptionDetails));
    const entry = method === "Log.entryAdded" ? params.entry : undefined;
    if (entry?.source === "security" || entry?.source === "violation") faults.push(entry.text);
  });
  for (const domain of ["Page", "Runtime", "Log"]) await send(`${domain}.enable`);

  async function evaluate(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = await send("Runtime.evaluate", options);
    if (exceptionDetails === undefined) return result.value;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }

  /** A page that goes away meanwhile does not always answer: the next one is asked. */
  async function look(expression: string): Promise<boolean> {
    try {
      return (await within(2000, "the page answers", evaluate(`Boolean(${expression})`))) === true;
    } catch {
      return false;
    }
  }

  async function untilHolds(expression: string): Promise<void> {
    try {
      await until(expression, () => look(expression));
    } catch (cause) {
      const shown = await within(2000, "the page answers", evaluate("`${location.href}\\n${document.body.innerText}`"));
      throw new Error(`${expression} never holds. The page shows:\n${String(shown)}`, { cause });
    }
  }

  const quote = JSON.stringify;
  const shown = (selector: string): Promise<void> =>
    untilHolds(`document.querySelector(${quote(selector)})?.checkVisibility()`);
  return {
    faults,
    evaluate,
    until: untilHolds,
    untilText: (text) => untilHolds(`document.body?.innerText.includes(${quote(text)})`),
    async goto(url) {
      await send("Page.navigate", { url });
      await untilHolds(`document.readyState === "complete" && location.href !== "about:blank"`);
    },
    async type(selector, text) {
      await shown(selector);
      await evaluate(
        `(() => { const field = document.querySelector(${quote(selector)}); field.focus(); field.select(); })()`,
      );
      await send("Input.insertText", { text });
    },
    async click(selector) {
      await shown(selector);
      const [x, y] = (await evaluate(`(() => {
        const part = document.querySelector(${quote(selector)});
        part.scrollIntoView({ block: "center" });
        const { x, y, width, height } = part.getBoundingClientRect();
        return [x + width / 2, y + height / 2];
      })()`)) as readonly number[];
      for (const type of ["mousePressed", "mouseReleased"]) {
        await send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
      }
    },
    async pressEnter() {
      const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 };
      await send("Input.dispatchKeyEvent", { ...key, type: "keyDown", text: "\r" });
      await send("Input.dispatchKeyEvent", { ...key, type: "keyUp" });
    },
    async addAuthenticator() {
      await send("WebAuthn.enable");
      const { authenticatorId } = await send("WebAuthn.addVirtualAuthenticator", {
        options: {
          protocol: "ctap2",
          transport: "internal",
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      });
      return {
        setVerified: async (isUserVerified) =>
          void (await send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified })),
      };
    },
  };
}
