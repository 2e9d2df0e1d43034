// OpenAI as `@stdy/cli` plays it: a real process that judges every request by OpenAI's own types, behind a recorder of
// its verdicts (they come in headers that a router does not pass on).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request, type IncomingHttpHeaders } from "node:http";
import { createServer as createSocketServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { makeOpenaiDocument, type Endpoint } from "./openai-document.ts";

export type Verdict = {
  readonly path: string;
  readonly errorCount: string;
  /** What it found, one line each. */
  readonly errors: readonly string[];
};

export type SteadyMock = AsyncDisposable & {
  readonly url: string;
  /** One for each request so far. */
  readonly verdicts: Verdict[];
};

const launcher = fileURLToPath(new URL("../../../../node_modules/@stdy/cli/steady.js", import.meta.url));

/** Resolves when it takes requests. */
export async function startSteadyMock(endpoints: readonly Endpoint[]): Promise<SteadyMock> {
  const directory = await mkdtemp(join(tmpdir(), "auxot-steady-"));
  const documentPath = join(directory, "openai.json");
  await writeFile(documentPath, makeOpenaiDocument(endpoints, directory));
  const port = await findFreePort();
  // Its lines read otherwise under CI unless it is told how to write them.
  const options = ["--reject-on-sdk-error=false", "--stream-interval=0", "--no-color", "--log-format=text", "--quiet"];
  const child = spawn(
    process.execPath,
    [launcher, "-p", String(port), "--host", "127.0.0.1", ...options, documentPath],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exited = once(child, "exit");
  await waitForLine(createInterface(child.stdout), /Ready to accept requests/);
  const recorder = await startRecorder(port);
  return {
    url: recorder.url,
    verdicts: recorder.verdicts,
    async [Symbol.asyncDispose]() {
      await recorder.close();
      child.kill("SIGTERM");
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}

async function waitForLine(lines: AsyncIterable<string>, pattern: RegExp): Promise<void> {
  let seen = "";
  for await (const line of lines) {
    seen += `${line}\n`;
    if (pattern.test(line)) return;
  }
  throw new Error(`The mock ended before it was ready:\n${seen}`);
}

/** It cannot choose one itself and say which. */
async function findFreePort(): Promise<number> {
  const server = createSocketServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

type Recorder = { readonly url: string; readonly verdicts: Verdict[]; close(): Promise<void> };

async function startRecorder(port: number): Promise<Recorder> {
  const verdicts: Verdict[] = [];
  const server = createServer((message, response) => {
    const { method, url: path = "", headers } = message;
    if (method === "GET") {
      // Model discovery.
      response.writeHead(200, { "content-type": "application/json" }).end('{"data":[]}');
      return;
    }
    const onward = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      verdicts.push(readVerdict(path, answer.headers));
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", (error) => response.destroy(error));
    message.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    verdicts,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function readVerdict(path: string, headers: IncomingHttpHeaders): Verdict {
  const errorCount = String(headers["x-steady-error-count"]);
  const errors = Array.from({ length: Number(errorCount) || 0 }, (_, at) =>
    ["code", "path", "message"].map((part) => String(headers[`x-steady-error-${at + 1}-${part}`])).join(" "),
  );
  return { path, errorCount, errors };
}
