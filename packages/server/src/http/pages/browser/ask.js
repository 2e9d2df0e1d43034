// Asks the router, as any program would. Knows no page.

/**
 * `body` undefined: GET. Never throws: what went wrong is the answer's `problem`, with a sentence for people in `detail`
 * and the fields at fault in `errors`.
 */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  let response;
  try {
    response = await fetch(path, {
      method,
      // What changes something goes into the audit trail with its face.
      headers: { "x-auxot-face": "ui", ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return { problem: makeProblem("Auxot does not answer. Check your connection and try again.") };
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok) return { body: answer };
  const { status } = response;
  const detail = answer?.detail ?? `Auxot answered with an error (status ${status}). Try again.`;
  return { problem: { status, detail, errors: answer?.errors ?? [] } };
}

/** A problem that the router was not asked about. */
export function makeProblem(detail, errors = []) {
  return { status: 0, detail, errors };
}
