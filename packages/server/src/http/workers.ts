// Lets workers in: checks the key of an upgrade at `/ws` and hands the socket to the hub.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { AppError, errorCodes, toErrorBody } from "@auxot/wire/errors";
import { maxFrameBytes } from "@auxot/wire/worker-frames";
import { WebSocketServer } from "ws";
import type { Hub } from "../hub/hub.ts";
import type { Log } from "../platform/log.ts";
import type { WorkerIdentity } from "../records/keys/identity.ts";
import { readAddress, readPresentedKeys, type Identify, type IsTrustedProxy } from "./context.ts";
import { encodeProblem } from "./operations.ts";

export type WorkerUpgradeDeps = {
  readonly identify: Identify;
  readonly isTrustedProxy: IsTrustedProxy;
  readonly hub: Pick<Hub, "accept">;
  readonly log: Log;
};

export type WorkerUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

/** A refused upgrade is answered with a status and a problem document; 401 and 403 tell a worker not to try again. */
export function createWorkerUpgrade(deps: WorkerUpgradeDeps): WorkerUpgrade {
  const server = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
  return async (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    try {
      const path = request.url?.split("?")[0];
      if (path !== "/ws") throw new AppError("not_found", `There is no WebSocket at ${path}. Workers connect to /ws.`);
      const login = await identifyWorker(request, deps);
      server.handleUpgrade(request, socket, head, (webSocket) =>
        deps.hub.accept(webSocket, { keyId: login.keyId, provider: login.provider }),
      );
    } catch (error) {
      refuse(socket, error);
      deps.log.warn(
        { code: toErrorBody(error).code, from: readAddress(request, deps.isTrustedProxy) },
        "worker refused",
      );
    }
  };
}

async function identifyWorker(
  request: IncomingMessage,
  { identify, isTrustedProxy }: Pick<WorkerUpgradeDeps, "identify" | "isTrustedProxy">,
): Promise<WorkerIdentity> {
  const text = readPresentedKeys(request)[0];
  if (text === undefined) throw new AppError("unauthenticated", "A worker key is needed: Authorization: Bearer axw_…");
  const identity = await identify(text, readAddress(request, isTrustedProxy));
  if (identity === undefined) throw new AppError("unauthenticated", "The worker key is wrong or was revoked.");
  if (identity.kind === "worker") return identity;
  throw new AppError(
    "forbidden",
    "This is a caller key; a worker needs a worker key (axw_…): auxot keys create --worker.",
  );
}

function refuse(socket: Duplex, error: unknown): void {
  const body = toErrorBody(error);
  const text = JSON.stringify(encodeProblem(body).body);
  const { status } = errorCodes[body.code];
  socket.end(
    `HTTP/1.1 ${status} ${body.code}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}
