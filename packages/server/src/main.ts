#!/usr/bin/env node
// The router process: reads the configuration, starts, prints where it is, and stops on a signal. Wires nothing itself.

import { parseArgs } from "node:util";
import { createSetupLink, writeBanner, writeFirstKey, writeSetup } from "./banner.ts";
import { startRouter, type Router } from "./compose.ts";
import { ConfigError, loadConfig } from "./config.ts";
import type { Config } from "./config/settings.ts";
import { createLog, writeForPeople } from "./platform/log.ts";

const help = `auxot-server [--expect-worker]

Starts the Auxot router. It is configured by AUXOT_* variables and an optional auxot.yaml (AUXOT_CONFIG);
see docs/guide/configuration.md.

  --expect-worker   be ready only when a worker is connected (used by npm start)
  --help            this page
`;

const exitCodes = { failed: 1, badConfig: 2 } as const;

await main();

async function main(): Promise<void> {
  outliveReaders();
  const { values } = readArguments();
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const config = readConfig();
  const log = createLog(config.logLevel, process.stderr.isTTY ? writeForPeople : undefined);
  const expectWorker = values["expect-worker"];
  let router: Router;
  let firstKey: string | undefined;
  let setupLink: string | undefined;
  const onFirstKey = (key: string): void => {
    firstKey = key;
    process.stdout.write(writeFirstKey(key));
  };
  try {
    const onSetupToken = (token: string, page: string): void => {
      setupLink = createSetupLink(page, token);
      log.warn({}, writeSetup(setupLink));
    };
    router = await startRouter(config, log, { expectWorker, onFirstKey, onSetupToken });
  } catch (error) {
    log.debug({ err: error }, "start failed");
    leave(error instanceof Error ? error.message : String(error), exitCodes.failed);
    return;
  }
  stopOnSignals(router);
  process.send?.({ type: "listening", url: router.localUrl, workerKey: router.workerKey.reveal() });
  if (expectWorker) log.info({ url: router.url }, "listening; waiting for the worker's model");
  await router.ready;
  const offer = router.offers()[0];
  process.stdout.write(
    writeBanner({
      url: router.url,
      firstKey,
      hasBootstrapKey: config.bootstrapKey !== undefined,
      model: offer?.model,
      description: offer?.description,
      setupLink,
    }),
  );
}

function readArguments(): { readonly values: { readonly "expect-worker": boolean; readonly help: boolean } } {
  try {
    return parseArgs({
      options: {
        "expect-worker": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    leave(`${error instanceof Error ? error.message : String(error)}\n\n${help}`, exitCodes.badConfig);
    throw error;
  }
}

function readConfig(): Config {
  try {
    const { config, warnings } = loadConfig();
    for (const warning of warnings) process.stderr.write(`${warning}\n`);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    leave(error.message, exitCodes.badConfig);
    throw error;
  }
}

function leave(message: string, code: number): void {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** A reader of our output that is gone (a closed terminal, a killed parent) must not end us before the database is stopped. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** The first signal drains, the second ends at once. A parent that started us and died counts as the first. */
function stopOnSignals(router: Router): void {
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) process.exit(exitCodes.failed);
    process.stderr.write("Stopping: running requests may finish. Press Ctrl-C again to stop at once.\n");
    void router.stop().then(() => process.exit(0));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  if (process.send !== undefined) process.once("disconnect", onSignal);
}
