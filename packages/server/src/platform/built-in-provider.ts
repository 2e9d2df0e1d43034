// The names of the providers that are always there, so that workers need no configuration.

/** GPU workers whose key names no other belong to it. */
export const builtInProvider = "gpu";

/** Every built-in provider, by its name, and whose workers belong to it. */
export const builtInProviders = { [builtInProvider]: "gpu", cli: "cli" } as const satisfies Record<
  string,
  "gpu" | "cli"
>;

/** What kind of workers the built-in provider of that name has; undefined for every other name. */
export function findBuiltInKind(name: unknown): "gpu" | "cli" | undefined {
  return Object.entries(builtInProviders).find(([known]) => known === name)?.[1];
}
