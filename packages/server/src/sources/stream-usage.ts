// Which providers of chat completions are known to take `stream_options`: others may refuse a field they do not know, and
// a caller's request must not fail by what we add to it.

/** Vendors that document the field. */
const hosts = /^api\.openai\.com$|\.openai\.azure\.com$|^api\.deepseek\.com$/;

export function takesStreamOptions(baseUrl: string): boolean {
  return hosts.test(URL.parse(baseUrl)?.hostname ?? "");
}
