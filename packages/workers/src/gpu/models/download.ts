// Downloads a model file: resumes where it stopped, gives up on stalls and tries again, checks size, magic number and
// SHA-256 before the file gets its name. One process per directory: there is no lock.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { request, type Dispatcher } from "undici";
import { AppError } from "@auxot/wire/errors";

export type DownloadOptions = {
  readonly url: string;
  readonly path: string;
  /** Sent as a bearer token to the address's own host, never to hosts it redirects to. */
  readonly token?: string | undefined;
  /** Lower-case hex. Absent: what the server says (Hugging Face), or unchecked. */
  readonly sha256?: string | undefined;
  readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
  /** Without a byte for so long a connection counts as broken. */
  readonly stallLimitMs?: number;
  /** Attempts in a row that bring nothing new. */
  readonly attempts?: number;
  readonly retryDelayMs?: number;
};

/** What is known of a half-done file, so that it is only continued with the same bytes. */
type PartInfo = { readonly etag?: string; readonly totalBytes?: number; readonly sha256?: string };

type Answer = { readonly response: Dispatcher.ResponseData; readonly linkedSha256?: string };

/** A fault that another attempt may not have. */
class Interrupted extends Error {}

const mostRedirects = 5;
const magic = Buffer.from("GGUF");

/** Throws `AppError` with what a person can do. A half-done file stays for the next attempt. */
export async function downloadFile(options: DownloadOptions): Promise<void> {
  const { attempts = 5, retryDelayMs = 1000 } = options;
  await mkdir(path.dirname(options.path), { recursive: true });
  let before = await sizeOf(partPath(options));
  for (let failures = 0; ;) {
    try {
      await fetchRest(options);
      await finishFile(options);
      return;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw explain(error, options);
      const now = await sizeOf(partPath(options));
      failures = now > before ? 1 : failures + 1;
      before = now;
      if (failures >= attempts)
        throw failed(options, `${error.message}; ${attempts} attempts in a row brought nothing`);
      await wait(retryDelayMs * 2 ** (failures - 1));
    }
  }
}

async function fetchRest(options: DownloadOptions): Promise<void> {
  const known = await readInfo(options);
  const have = known === undefined ? 0 : await sizeOf(partPath(options));
  const { response, linkedSha256 } = await ask(options, have, known?.etag);
  const { statusCode, headers } = response;
  if (statusCode === 416) {
    discard(response);
    // Nothing is missing, or the file at the address is another one now.
    if (known?.totalBytes === have) return;
    await forget(options);
    throw new Interrupted("the file changed on the server");
  }
  if (statusCode !== 200 && statusCode !== 206) {
    discard(response);
    throw refuse(options, statusCode);
  }
  const start = statusCode === 206 ? have : 0;
  const totalBytes = readTotal(headers, start);
  if (start > 0 && known?.totalBytes !== totalBytes) {
    discard(response);
    await forget(options);
    throw new Interrupted("the file changed on the server");
  }
  const etag = readHeader(headers, "etag");
  const sha256 = options.sha256 ?? linkedSha256 ?? known?.sha256;
  const info: PartInfo = {
    ...(etag === undefined ? {} : { etag }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
  await checkSpace(options, totalBytes === undefined ? 0 : totalBytes - start);
  await writeFile(infoPath(options), JSON.stringify(info));
  await writeBody(options, response, start, totalBytes);
}

/** Follows redirects itself: the token must not leave the host, and the hub's checksum is in its own answer. */
async function ask(options: DownloadOptions, have: number, etag: string | undefined): Promise<Answer> {
  const { stallLimitMs = 30_000 } = options;
  let url = new URL(options.url);
  const { host } = url;
  let linkedSha256: string | undefined;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await request(url, {
      headersTimeout: stallLimitMs,
      bodyTimeout: stallLimitMs,
      headers: {
        "user-agent": "auxot-worker",
        ...(have === 0 ? {} : { range: `bytes=${have}-`, ...(etag === undefined ? {} : { "if-range": etag }) }),
        ...(options.token === undefined || url.host !== host ? {} : { authorization: `Bearer ${options.token}` }),
      },
    }).catch((cause: unknown) => {
      throw new Interrupted(describe(cause));
    });
    linkedSha256 ??= /^"?([0-9a-f]{64})"?$/.exec(readHeader(response.headers, "x-linked-etag") ?? "")?.[1];
    const location = readHeader(response.headers, "location");
    if (response.statusCode < 300 || response.statusCode >= 400 || location === undefined) {
      return { response, ...(linkedSha256 === undefined ? {} : { linkedSha256 }) };
    }
    discard(response);
    url = new URL(location, url);
  }
  throw failed(options, "too many redirects");
}

async function writeBody(
  options: DownloadOptions,
  { body }: Dispatcher.ResponseData,
  start: number,
  totalBytes: number | undefined,
): Promise<void> {
  let done = start;
  const file = await open(partPath(options), start === 0 ? "w" : "a");
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (done === 0 && !chunk.subarray(0, 4).equals(magic.subarray(0, Math.min(4, chunk.length)))) {
        throw failed(options, "it is not a GGUF file");
      }
      await file.appendFile(chunk);
      done += chunk.length;
      options.onProgress?.(done, totalBytes);
    }
  } catch (error) {
    if (error instanceof AppError || isDiskFull(error)) throw error;
    throw new Interrupted(describe(error));
  } finally {
    await file.close();
  }
  if (totalBytes !== undefined && done < totalBytes) throw new Interrupted("the connection broke");
}

async function finishFile(options: DownloadOptions): Promise<void> {
  const info = await readInfo(options);
  const size = await sizeOf(partPath(options));
  if (info?.totalBytes !== undefined && size !== info.totalBytes) {
    await forget(options);
    throw new Interrupted(`it has ${size} bytes instead of ${info.totalBytes}`);
  }
  if (info?.sha256 !== undefined) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(partPath(options)), hash);
    const found = hash.digest("hex");
    if (found !== info.sha256) {
      await forget(options);
      throw failed(options, `its SHA-256 is ${found}, expected ${info.sha256}`);
    }
  }
  await rename(partPath(options), options.path);
  await rm(infoPath(options), { force: true });
}

async function checkSpace(options: DownloadOptions, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(path.dirname(options.path));
  const freeBytes = bavail * bsize;
  if (neededBytes <= freeBytes) return;
  throw failed(
    options,
    `the disk is too full: ${formatBytes(neededBytes)} needed, ${formatBytes(freeBytes)} free in ${path.dirname(options.path)}`,
  );
}

function refuse(options: DownloadOptions, status: number): Error {
  if (status === 404) return failed(options, "there is no such file (HTTP 404)", "not_found");
  if (status === 401 || status === 403) {
    return failed(
      options,
      `access was refused (HTTP ${status}); a gated model needs HF_TOKEN and its licence accepted`,
    );
  }
  if (status === 429 || status >= 500) return new Interrupted(`HTTP ${status}`);
  return failed(options, `HTTP ${status}`);
}

function failed(
  options: DownloadOptions,
  reason: string,
  code: "source_failed" | "not_found" = "source_failed",
): AppError {
  return new AppError(code, `Cannot download ${options.url}: ${reason}.`);
}

function explain(error: unknown, options: DownloadOptions): AppError {
  if (error instanceof AppError) return error;
  if (isDiskFull(error)) return failed(options, `the disk of ${path.dirname(options.path)} is full`);
  return failed(options, describe(error));
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}

function discard({ body }: Dispatcher.ResponseData): void {
  // Destroying an unread body makes it report an error.
  body.on("error", () => undefined).destroy();
}

/** The size of the whole file, from content-range or content-length. */
function readTotal(headers: Dispatcher.ResponseData["headers"], start: number): number | undefined {
  const range = /\/(\d+)$/.exec(readHeader(headers, "content-range") ?? "")?.[1];
  if (range !== undefined) return Number(range);
  const length = readHeader(headers, "content-length");
  return length === undefined ? undefined : start + Number(length);
}

function readHeader(headers: Dispatcher.ResponseData["headers"], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readInfo(options: DownloadOptions): Promise<PartInfo | undefined> {
  try {
    return JSON.parse(await readFile(infoPath(options), "utf8")) as PartInfo;
  } catch {
    return undefined;
  }
}

async function forget(options: DownloadOptions): Promise<void> {
  await rm(partPath(options), { force: true });
  await rm(infoPath(options), { force: true });
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

function partPath(options: DownloadOptions): string {
  return `${options.path}.part`;
}

function infoPath(options: DownloadOptions): string {
  return `${options.path}.part.json`;
}

/** E.g. "4.2 GB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
