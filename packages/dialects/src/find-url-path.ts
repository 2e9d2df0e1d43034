// Where in a caller's own document an address of an image or document stands. Only asked for to explain a failure.

import { isRecord, parseJson } from "./reading/json.ts";

/** The fields of all formats that hold the address of a file. */
const urlFields = new Set(["url", "image_url", "file_url", "file_data"]);

/** The path of the first such field that holds `url`, like `messages[0].content[1].image_url.url`; undefined when there is none. */
export function findUrlPath(body: Uint8Array, url: string): string | undefined {
  // Not recursive: callers nest as deeply as they like.
  const open: { readonly value: unknown; readonly path: string }[] = [
    { value: parseJson(new TextDecoder().decode(body)), path: "" },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (Array.isArray(value)) {
      open.push(...value.map((entry, at) => ({ value: entry as unknown, path: `${path}[${at}]` })).toReversed());
    } else if (isRecord(value)) {
      const fields = Object.entries(value);
      const found = fields.find(([name, held]) => held === url && urlFields.has(name));
      const prefix = path === "" ? "" : `${path}.`;
      if (found !== undefined) return prefix + found[0];
      open.push(...fields.map(([name, held]) => ({ value: held, path: prefix + name })).toReversed());
    }
  }
  return undefined;
}
