// A mail server as far as one mail goes: takes it without encryption and keeps it.

import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

export type FakeMailServer = AsyncDisposable & {
  readonly port: number;
  /** The next mail, as it came. */
  next(): Promise<string>;
};

/** `refuse`: answers the recipient with this line. */
export async function startFakeMailServer(options: { readonly refuse?: string } = {}): Promise<FakeMailServer> {
  const kept: string[] = [];
  const waiting: ((mail: string) => void)[] = [];
  const server = createServer((socket) => {
    let body: string | undefined;
    let rest = "";
    socket.on("error", () => undefined);
    socket.write("220 mail.test ready\r\n");
    socket.on("data", (bytes) => {
      rest += bytes.toString("utf8");
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (body === undefined) {
          if (line === "DATA") body = "";
          socket.write(`${answer(line, options.refuse)}\r\n`);
        } else if (line === ".") {
          const give = waiting.shift();
          const mail = body.replaceAll("=\r\n", "").replaceAll("=3D", "=");
          if (give === undefined) kept.push(mail);
          else give(mail);
          body = undefined;
          socket.write("250 taken\r\n");
        } else body += `${line}\r\n`;
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    next: async () => kept.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

function answer(line: string, refuse: string | undefined): string {
  if (line.startsWith("EHLO")) return "250 mail.test";
  if (line === "DATA") return "354 go on";
  if (line === "QUIT") return "221 bye";
  return line.startsWith("RCPT") && refuse !== undefined ? refuse : "250 ok";
}
