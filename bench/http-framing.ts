// Finds where HTTP/1.1 messages end, for the mock upstream and the load generator: both must cost far less than what is
// measured between them. Trusts its peer; knows content-length and chunked bodies, nothing else.

export type MessageReader = {
  /** Takes bytes split anywhere. Calls back once for each message that is complete. */
  push(bytes: Buffer): void;
};

export type Message = {
  /** The first line, e.g. `HTTP/1.1 200 OK`. */
  readonly startLine: string;
  /** As it came: chunk sizes included. */
  readonly body: Buffer;
};

const headEnd = "\r\n\r\n";
const chunkedEnd = "0\r\n\r\n";

export function createMessageReader(onMessage: (message: Message) => void): MessageReader {
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  /** Of the message being read: known once its head is complete. */
  let head: { readonly startLine: string; readonly bytes: number; readonly bodyBytes: number | "chunked" } | undefined;

  function whole(): Buffer {
    const bytes = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
    pieces = [bytes];
    return bytes;
  }

  /** Where the message ends, or undefined while it has not. */
  function findEnd(): number | undefined {
    if (head === undefined) return undefined;
    if (head.bodyBytes !== "chunked") {
      const end = head.bytes + head.bodyBytes;
      return sizeBytes >= end ? end : undefined;
    }
    // No pipelining: the last chunk's end is the end of what came. A chunk's data never looks like it (bench data).
    const last = pieces.at(-1);
    const tail = last !== undefined && last.length >= chunkedEnd.length ? last : whole();
    return tail.subarray(-chunkedEnd.length).toString("latin1") === chunkedEnd ? sizeBytes : undefined;
  }

  return {
    push(bytes) {
      pieces.push(bytes);
      sizeBytes += bytes.length;
      for (;;) {
        head ??= readHead(whole());
        const end = findEnd();
        if (head === undefined || end === undefined) return;
        const all = whole();
        const message = { startLine: head.startLine, body: all.subarray(head.bytes, end) };
        pieces = end < all.length ? [all.subarray(end)] : [];
        sizeBytes -= end;
        head = undefined;
        onMessage(message);
        if (sizeBytes === 0) return;
      }
    },
  };
}

function readHead(
  bytes: Buffer,
): { readonly startLine: string; readonly bytes: number; readonly bodyBytes: number | "chunked" } | undefined {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
  return {
    startLine: head.slice(0, Math.max(0, head.indexOf("\r\n"))) || head,
    bytes: end + headEnd.length,
    bodyBytes: isChunked ? "chunked" : Number(length ?? 0),
  };
}
