// A TCP proxy that counts what passes it, to see from outside how much a worker sends to its router. Reads none of it.

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export type CountingProxy = AsyncDisposable & {
  readonly url: string;
  /** From the clients to the target. */
  sentBytes(): number;
};

/** Stands before `target`, an http address. It passes back-pressure on, as `pipe` does. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let sent = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => sockets.delete(from));
    }
    client.on("data", (piece) => {
      sent += piece.length;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sentBytes: () => sent,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
