// What a person reads at a start: the key (once), then where the router is and lines to copy that work at once. Pure.

export type BannerInput = {
  readonly url: string;
  /** Only at the start that made it, which has shown it already. */
  readonly firstKey: string | undefined;
  /** AUXOT_BOOTSTRAP_KEY is set, so people know a key. */
  readonly hasBootstrapKey: boolean;
  /** A model to ask; undefined: none is there yet. */
  readonly model: string | undefined;
  /** One line on the model, e.g. that it is a demo. */
  readonly description: string | undefined;
  /** Of the page that makes the owner, while there is none. */
  readonly setupLink: string | undefined;
};

/** Shown as soon as the key is made: whatever keeps the router from getting ready, people have it. */
export function writeFirstKey(key: string): string {
  return `\n  Your key, shown only this once:\n    ${key}\n\n`;
}

/** The page that makes the owner. The token stands behind `#`, which browsers keep from servers, logs and other sites. */
export function createSetupLink(page: string, token: string): string {
  return `${page}#token=${token}`;
}

/** For the log, at each start while nobody owns the installation. */
export function writeSetup(link: string): string {
  return (
    "Nobody owns this installation yet; keys work all the same. To sign in with a browser, open this link and make the " +
    `owner's account; it is good for a day or until the next start: ${link}`
  );
}

export function writeBanner({ url, firstKey, hasBootstrapKey, model, description, setupLink }: BannerInput): string {
  const key = firstKey ?? "$AUXOT_KEY";
  const lines = [
    "",
    `  Auxot is ready: ${url}`,
    ...(model === undefined ? [] : [`  Model: ${model}${description === undefined ? "" : ` (${description})`}`]),
    ...(setupLink === undefined
      ? []
      : ["", "  Sign in with a browser: open this once and make the owner's account", `    ${setupLink}`]),
    "",
    ...(firstKey === undefined ? [...findKey(hasBootstrapKey), ""] : []),
    "  OpenAI API:",
    `    curl ${url}/v1/chat/completions -H "Authorization: Bearer ${key}" -H "content-type: application/json" \\`,
    `      -d '{"model":"auto","messages":[{"role":"user","content":"Hello!"}],"stream":true}'`,
    "",
    "  Anthropic API:",
    `    curl ${url}/v1/messages -H "x-api-key: ${key}" -H "content-type: application/json" \\`,
    `      -d '{"model":"auto","max_tokens":200,"messages":[{"role":"user","content":"Hello!"}],"stream":true}'`,
    "",
    "  Claude Code:",
    `    export ANTHROPIC_BASE_URL=${url} ANTHROPIC_AUTH_TOKEN=${key} \\`,
    `      ANTHROPIC_MODEL=auto ANTHROPIC_DEFAULT_HAIKU_MODEL=auto`,
    "",
    "  OpenAI SDK:",
    `    export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${key}`,
    "",
    `  Try it out, make keys for others, see what was used (all of it is at ${url}/api/docs):`,
    `    export AUXOT_URL=${url}${firstKey === undefined ? "" : ` AUXOT_KEY=${firstKey}`}`,
    "    npx auxot verify; npx auxot --help",
    "",
  ];
  return lines.join("\n");
}

function findKey(hasBootstrapKey: boolean): string[] {
  if (hasBootstrapKey) return ["  The key is the one in AUXOT_BOOTSTRAP_KEY; the lines below read it from AUXOT_KEY."];
  return [
    "  Use the key from the first start as AUXOT_KEY, or one from auxot.yaml. Lost? Start once with AUXOT_BOOTSTRAP_KEY set",
    "  to a text of at least 24 characters, which then is a key too.",
  ];
}
