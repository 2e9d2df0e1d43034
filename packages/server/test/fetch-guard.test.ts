import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { AppError } from "@auxot/wire/errors";
import { createFetchGuard, type FetchGuard, type FetchSettings } from "../src/platform/fetch-guard/fetch-guard.ts";
import type { ResolveHost } from "../src/platform/fetch-guard/resolve-host.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const answers = new Map<string, Answer>();
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.headers.host} ${request.url}`);
  (answers.get(request.url ?? "") ?? ((_, missing) => missing.writeHead(404).end()))(request, response);
});
let port: number;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const settings: FetchSettings = { enabled: true, allow: ["images.example"], maxBytes: 100_000, timeoutMs: 5000 };
const atServer: ResolveHost = () => Promise.resolve(["127.0.0.1"]);

function guardWith(part: Partial<FetchSettings> = {}, resolve = atServer): FetchGuard {
  return createFetchGuard({ settings: { ...settings, ...part }, resolve });
}

function fetchPath(path: string, answer: Answer, guard = guardWith(), signal = new AbortController().signal) {
  answers.set(path, answer);
  return guard.fetch(`http://images.example:${port}${path}`, "image/png", signal);
}

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, "invalid_request");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /127\.|::1|10\.\d|ENOTFOUND|ECONN/, "nothing of the network shows");
    return true;
  });
}

const answerImage: Answer = (request, response) => {
  assert.equal(request.headers.accept, "image/png");
  assert.equal(request.headers["accept-encoding"], "identity");
  response.writeHead(200, { "content-type": "image/png; a=b" }).end("bytes");
};

const redirectTo =
  (location: string): Answer =>
  (_, response) =>
    void response.writeHead(302, { location }).end();

const sendAs =
  (encoding: string, body: Buffer): Answer =>
  (_, response) =>
    void response.writeHead(200, { "content-encoding": encoding }).end(body);

const dribble: Answer = (_, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write("x"), 10);
  response.on("close", () => clearInterval(timer));
};

const neverFound: ResolveHost = (_host, _listed, signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const hostile: readonly (readonly [what: string, message: RegExp, ...urls: string[]])[] = [
  ["another scheme", /begin with https/, "file:///etc/passwd", "ftp://a.example/x", "gopher://a.example/", "data:,x"],
  [
    "no URL at all",
    /not a valid URL/,
    "http://",
    "http://[::1",
    "http://a b/",
    "//a.example/x",
    "http://256.256.256.256/",
  ],
  [
    "credentials",
    /user name or password/,
    "http://user:pass@a.example/",
    "http://user@a.example/",
    "https://:p@a.example/",
  ],
  [
    "a loopback address in any notation",
    /no public address/,
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
  ],
  [
    "octal and hexadecimal loopback",
    /no public address/,
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
  ],
  [
    "full-width and dotted loopback",
    /no public address/,
    "http://１２７.０.０.１/",
    "http://127.0.0.1./",
    "http://127。0。0。1/",
  ],
  ["a bare zero", /no public address/, "http://0/", "http://0.0.0.0/", "http://[::]/"],
  [
    "IPv6 loopback and what embeds IPv4",
    /no public address/,
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
  ],
  [
    "6to4, NAT64 and Teredo",
    /no public address/,
    "http://[2002:7f00:1::]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[2001::1]/",
  ],
  [
    "cloud metadata",
    /no public address/,
    "http://169.254.169.254/latest/",
    "http://[fd00:ec2::254]/",
    "http://168.63.129.16/",
  ],
  [
    "local names, without asking for them",
    /no public address/,
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
  ],
  [
    "names of one label, or of the house",
    /no public address/,
    "http://intranet/",
    "http://metadata.google.internal/",
    "http://nas.local/",
  ],
  [
    "private ranges",
    /no public address/,
    "http://10.0.0.1/",
    "http://192.168.1.1/",
    "http://172.16.5.5/",
    "http://100.64.0.1/",
  ],
];
for (const [what, message, ...urls] of hostile) {
  test(`refuses ${what}, and looks up and connects to nothing`, async () => {
    const guard = guardWith({}, () => assert.fail("looked up"));
    for (const url of urls) await refused(guard.fetch(url, "*/*", new AbortController().signal), message);
  });
}

test("refuses a public name that resolves to a private address, alone or among public ones, like one that does not exist", async () => {
  const messages = new Set<string>();
  for (const found of [
    ["127.0.0.1"],
    ["10.0.0.1"],
    ["93.184.216.34", "10.0.0.1"],
    ["::ffff:127.0.0.1"],
    ["fe80::1"],
    [],
  ]) {
    const guard = guardWith({}, () => Promise.resolve(found));
    await guard.fetch("https://rebind.example/x", "*/*", new AbortController().signal).catch((error: Error) => {
      messages.add(error.message);
    });
  }
  assert.equal(messages.size, 1, [...messages].join("\n"));
  assert.match([...messages].join(""), /no public address/);
});

test("refuses ports other than 80 and 443 on the internet", async () => {
  const guard = guardWith({}, () => Promise.resolve(["93.184.216.34"]));
  for (const url of ["http://a.example:22/", "http://93.184.216.34:6379/", "https://a.example:8443/"])
    await refused(guard.fetch(url, "*/*", new AbortController().signal), /ports 80 and 443/);
});

test("fetches from a host the operator listed by name, by address or by range, with its name in the request", async () => {
  const file = await fetchPath("/good?a=b%20c", answerImage);
  assert.deepEqual({ ...file, bytes: String(file.bytes) }, { bytes: "bytes", contentType: "image/png; a=b" });
  assert.equal(asked.at(-1), `images.example:${port} /good?a=b%20c`);
  for (const [allow, host] of [
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.0/8", "anything.example"],
    ["*.example", "a.b.example"],
  ] as const) {
    const guard = guardWith({ allow: [allow] });
    assert.equal(guard.isListed(`http://${host}:${port}/`), host !== "anything.example", "a range lists no names");
    await guard.fetch(`http://${host}:${port}/good?a=b%20c`, "image/png", new AbortController().signal);
  }
});

test("a name that changes its address after it was judged is not asked again: the connection goes to the judged one", async () => {
  const given = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.3"]];
  let lookups = 0;
  const guard = guardWith({ allow: ["127.0.0.1/32"] }, () => Promise.resolve(given[lookups++] ?? []));
  const file = await fetchPath(
    "/pinned",
    (request, response) => {
      response.end(request.socket.localAddress);
    },
    guard,
  );
  assert.equal(String(file.bytes), "127.0.0.1");
  assert.equal(lookups, 1);
  await refused(
    fetchPath("/pinned", () => assert.fail("connected"), guard),
    /no public address/,
  );
});

test("follows three redirects and not a fourth", async () => {
  for (const at of [1, 2, 3, 4]) answers.set(`/hop${at}`, redirectTo(`/hop${at - 1}`));
  answers.set("/hop0", (_, response) => void response.end("there"));
  assert.equal(String((await fetchPath("/hop3", redirectTo("/hop2"))).bytes), "there");
  await refused(fetchPath("/hop4", redirectTo("/hop3")), /more than 3 times/);
});

test("judges every redirect anew: to a private address, another scheme or credentials it goes nowhere", async () => {
  const places = [`http://127.0.0.1:${port}/secret`, "http://[::1]/", "http://169.254.169.254/", "file:///etc/passwd"];
  for (const location of [
    ...places,
    "http://u:p@images.example/",
    "http://localhost/",
    `http://2130706433:${port}/secret`,
  ]) {
    const before = asked.length;
    await refused(
      fetchPath("/moved", (_, response) => void response.writeHead(301, { location }).end()),
      /redirects to an address that is not fetched/,
    );
    assert.equal(asked.length, before + 1, `${location} was asked`);
  }
});

test("stops at the size limit: by content-length before the first byte, by counting when none is told", async () => {
  await refused(
    fetchPath("/long", (_, response) => void response.writeHead(200, { "content-length": 100_001 }).flushHeaders()),
    /larger than 100000 bytes/,
  );
  const left = Promise.withResolvers<void>();
  const endless: Answer = (_, response) => {
    response.on("close", left.resolve);
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(10_000)));
    };
    response.on("drain", more);
    more();
  };
  await refused(fetchPath("/endless", endless), /larger than 100000 bytes/);
  await left.promise;
});

test("counts a gzip body unfolded, and refuses a broken one and other encodings", async () => {
  assert.equal(String((await fetchPath("/gzip", sendAs("gzip", gzipSync("hello")))).bytes), "hello");
  await refused(fetchPath("/bomb", sendAs("gzip", gzipSync(Buffer.alloc(50_000_000)))), /larger than 100000 bytes/);
  await refused(fetchPath("/torn", sendAs("gzip", gzipSync("hello").subarray(0, 12))), /did not answer, or broke off/);
  await refused(fetchPath("/br", sendAs("br", Buffer.from("hello"))), /encoding that is not supported/);
});

test("gives a host that dribbles its bytes the time limit and no more", async () => {
  await refused(fetchPath("/slow", dribble, guardWith({ timeoutMs: 300 })), /longer than 0\.3 s/);
  await refused(
    fetchPath("/silent", () => undefined, guardWith({ timeoutMs: 300 })),
    /longer than 0\.3 s/,
  );
  await refused(
    fetchPath("/unresolved", () => undefined, guardWith({ timeoutMs: 300 }, neverFound)),
    /longer than 0\.3 s/,
  );
});

test("hangs up when the caller leaves", async () => {
  const caller = new AbortController();
  const left = Promise.withResolvers<void>();
  const work = fetchPath(
    "/left",
    (_, response) => {
      response.on("close", left.resolve);
      response.writeHead(200).write("x");
      caller.abort(new AppError("cancelled", "The caller left."));
    },
    guardWith(),
    caller.signal,
  );
  await assert.rejects(work, (error) => error instanceof AppError && error.code === "cancelled");
  await left.promise;
});

test("tells a status, an empty body and a host that is not there", async () => {
  await refused(
    guardWith().fetch(`http://images.example:${port}/none`, "*/*", new AbortController().signal),
    /status 404/,
  );
  await refused(
    fetchPath("/empty", (_, response) => void response.end()),
    /is empty/,
  );
  await refused(guardWith().fetch("http://images.example:1/", "*/*", new AbortController().signal), /did not answer/);
});

test("fetches no more than 100 files at once, of all callers together", async () => {
  const guard = guardWith();
  const open: ServerResponse[] = [];
  let arrived = Promise.withResolvers<void>();
  const hold: Answer = (_, response) => {
    open.push(response);
    if (open.length === 100 || open.length === 101) arrived.resolve();
  };
  const fetches = Array.from({ length: 101 }, () => fetchPath("/held", hold, guard));
  await arrived.promise;
  arrived = Promise.withResolvers();
  // What was sent before this would have arrived before it.
  await fetchPath("/later", answerImage);
  assert.equal(open.length, 100);
  open[0]?.end("x");
  await fetches[0];
  await arrived.promise;
  for (const response of open) response.end("x");
  await Promise.all(fetches);
});
