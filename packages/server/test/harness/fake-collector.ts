// An OpenTelemetry collector at the edge of the process: a real HTTP server that reads OTLP's protobuf by the field
// numbers of its specification, with nothing of the library that wrote it.
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TraceSettings } from "../../src/platform/telemetry.ts";

export type SeenSpan = {
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentId: string;
  readonly traceState: string;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  /** Of the process. */
  readonly resource: Readonly<Record<string, unknown>>;
};

export type FakeCollector = AsyncDisposable & {
  readonly spans: SeenSpan[];
  readonly requests: { readonly path: string; readonly headers: IncomingMessage["headers"]; readonly body: Buffer }[];
  status: number;
  settings(part?: Partial<TraceSettings>): TraceSettings;
  /** The spans below a span, in the order in which they began. */
  below(parent: SeenSpan | undefined): SeenSpan[];
};

export async function startFakeCollector(): Promise<FakeCollector> {
  const server = createServer(async (message, response) => {
    const parts: Buffer[] = [];
    for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts);
    collector.requests.push({ path: message.url ?? "", headers: message.headers, body });
    if (collector.status === 200) collector.spans.push(...readRequest(body));
    response.writeHead(collector.status, { "content-type": "application/x-protobuf" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  const collector: FakeCollector = {
    spans: [],
    requests: [],
    status: 200,
    settings: (part) => ({
      url,
      headers: {},
      serviceName: "auxot",
      attributes: {},
      sampleShare: 1,
      handOn: false,
      ...part,
    }),
    below: (parent) =>
      collector.spans
        .filter(({ parentId }) => parent !== undefined && parentId === parent.spanId)
        .toSorted((a, b) => Number(a.startedAt - b.startedAt)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return collector;
}

type Field = { readonly bytes: Buffer; readonly number: bigint };
type Message = ReadonlyMap<number, readonly Field[]>;

function readRequest(body: Buffer): SeenSpan[] {
  return listMessages(readMessage(body), 1).flatMap((group) => {
    const resource = readAttributes(readMessage(firstBytes(group, 1)), 1);
    return listMessages(group, 2).flatMap((scope) => listMessages(scope, 2).map((span) => readSpan(span, resource)));
  });
}

function readSpan(span: Message, resource: SeenSpan["resource"]): SeenSpan {
  const kind = ["", "internal", "server", "client"][Number(firstNumber(span, 6))];
  return {
    traceId: firstBytes(span, 1).toString("hex"),
    spanId: firstBytes(span, 2).toString("hex"),
    traceState: firstBytes(span, 3).toString(),
    parentId: firstBytes(span, 4).toString("hex"),
    name: firstBytes(span, 5).toString(),
    kind: kind as SeenSpan["kind"],
    startedAt: firstNumber(span, 7),
    endedAt: firstNumber(span, 8),
    attributes: readAttributes(span, 9),
    failed: firstNumber(readMessage(firstBytes(span, 15)), 3) === 2n,
    resource,
  };
}

function readAttributes(message: Message, field: number): Record<string, unknown> {
  const pairs = listMessages(message, field).map((pair) => [
    firstBytes(pair, 1).toString(),
    readValue(readMessage(firstBytes(pair, 2))),
  ]);
  return Object.fromEntries(pairs) as Record<string, unknown>;
}

function readValue(value: Message): unknown {
  const [field = 0] = value.keys();
  switch (field) {
    case 1:
      return firstBytes(value, 1).toString();
    case 2:
      return firstNumber(value, 2) === 1n;
    case 3:
      return Number(firstNumber(value, 3));
    case 4:
      return new Float64Array(new BigUint64Array([firstNumber(value, 4)]).buffer)[0];
    case 5:
      return listMessages(readMessage(firstBytes(value, 5)), 1).map(readValue);
    default:
      throw new Error(`value of field ${field}`);
  }
}

/** https://protobuf.dev/programming-guides/encoding/ */
function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, Field[]>();
  let at = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = Number(readVarint());
    const field = read(tag & 7);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), field]);
  }
  return fields;

  function read(wireType: number): Field {
    const bytes = Buffer.alloc(0);
    switch (wireType) {
      case 0:
        return { bytes, number: readVarint() };
      case 1:
        return { bytes, number: take(8).readBigUInt64LE() };
      case 2:
        return { bytes: take(Number(readVarint())), number: 0n };
      case 5:
        return { bytes, number: BigInt(take(4).readUInt32LE()) };
      default:
        throw new Error(`wire type ${wireType}`);
    }
  }
}

function listMessages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map(({ bytes }) => readMessage(bytes));
}

function firstBytes(message: Message, field: number): Buffer {
  return message.get(field)?.[0]?.bytes ?? Buffer.alloc(0);
}

function firstNumber(message: Message, field: number): bigint {
  return message.get(field)?.[0]?.number ?? 0n;
}
