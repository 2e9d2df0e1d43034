// What is logged of an error: as the logger tells it, less the values that a statement of the database came with. They are
// the rows themselves: prompts, look-up values of keys, sealed texts. Pure.

/** Fields in which drivers repeat values: of statements, and of rows that broke a rule. */
const valueFields: ReadonlySet<string> = new Set(["params", "parameters", "args", "detail", "where", "internal_query"]);
const deepest = 10;

/** `told` is what the logger made of `error` and of what caused it: message, stack, fields of its own. */
export function leaveOutValues(told: object, error: unknown): object {
  const fields = Object.entries(told).filter(([name]) => !valueFields.has(name));
  const statements = listStatements(error);
  if (statements.length === 0 && fields.length === Object.keys(told).length) return told;
  return Object.fromEntries(
    fields.map(([name, value]) => [name, typeof value === "string" ? shorten(value, statements) : value]),
  );
}

type Statement = { readonly message: string; readonly query: string };

/** Errors of the database in the chain of causes: their messages hold all values behind the statement. */
function listStatements(error: unknown, depth = 0): readonly Statement[] {
  if (!(error instanceof Error) || depth > deepest) return [];
  const { message, cause } = error;
  const query: unknown = "params" in error && "query" in error ? error.query : undefined;
  const own = typeof query === "string" ? [{ message, query }] : [];
  return [...own, ...listStatements(cause, depth + 1)];
}

function shorten(text: string, statements: readonly Statement[]): string {
  return statements.reduce((rest, { message, query }) => rest.replaceAll(message, `Failed query: ${query}`), text);
}
