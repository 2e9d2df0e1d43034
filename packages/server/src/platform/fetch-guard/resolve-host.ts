// Turns host names into addresses: by DNS alone for names of strangers, as the system does for names the operator listed.

import { lookup, Resolver } from "node:dns/promises";

/** All addresses of a host, [] when it has none. `listed`: the operator vouches for the name. Ends early when `signal` aborts. */
export type ResolveHost = (host: string, listed: boolean, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * The system's own lookup reads the hosts file, but blocks one of the process's few threads for as long as a slow name
 * server likes: strangers get c-ares, which does not and can be given up.
 */
export const resolveHost: ResolveHost = (host, listed, signal) =>
  listed ? lookUp(host, signal) : askDns(host, signal);

async function lookUp(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    const found = await Promise.race([lookup(host, { all: true }), left.promise]);
    return found.map(({ address }) => address);
  } catch (error) {
    if (signal.aborted) throw error;
    return [];
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

async function askDns(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    signal.throwIfAborted();
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
