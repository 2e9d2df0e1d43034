// One spelling for the many ids of a model, for the table and for looking it up. Pure; knows no list of models.

/** Bedrock's regions and vendors before a name, e.g. `us-gov.anthropic.`. */
const bedrockVendor = /^(?:[a-z-]+\.)?(?:amazon|anthropic|openai)\./;

/**
 * The id in small letters without what hosts put around it: `vendor/` and region prefixes, variants after a colon,
 * OpenAI's `ft:` and the owner behind it. Claude's ids are written with dashes only and without Bedrock's version;
 * elsewhere `-v3` is part of the name.
 */
export function normalizeModelId(id: string): string {
  const last = id.toLowerCase().split("/").at(-1) ?? "";
  const bare = last.replace(/^ft:/, "").replace(bedrockVendor, "").replace(/:.*$/, "");
  return bare.startsWith("claude") ? bare.replace(/-v\d+$/, "").replaceAll(/[.@]/g, "-") : bare;
}

/** A normalized id without the date of its release, `-latest` or the like, the id itself first. */
export function listModelIds(id: string): readonly string[] {
  const normal = normalizeModelId(id);
  const undated = normal.replace(/(?:-latest|[-@]\d{4}-?\d{2}-?\d{2}|-\d{4})$/, "");
  return undated === normal || undated === "" ? [normal] : [normal, undated];
}
