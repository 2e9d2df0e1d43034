// Owns what the environment says to the command line. The only place of this process that reads process.env.

export type Environment = {
  readonly url: string;
  readonly key?: string;
  /** https://no-color.org: any value that is not empty. */
  readonly refusesColour: boolean;
  /** A variable that a file names. */
  read(name: string): string | undefined;
};

export function readEnvironment(): Environment {
  const { AUXOT_URL: url, AUXOT_KEY: key, NO_COLOR: noColor } = process.env;
  return {
    url: url === undefined || url === "" ? "http://127.0.0.1:8080" : url,
    ...(key === undefined || key === "" ? {} : { key }),
    refusesColour: noColor !== undefined && noColor !== "",
    read: (name) => process.env[name],
  };
}
