// Reads the error answers of the administrative API: `application/problem+json` (RFC 9457) with our `code`, and
// `errors` that name fields.

import { AppError, errorCodes, isErrorCode, type ErrorCode } from "@auxot/wire/errors";

/** The router's error; when the body is not one of ours (a proxy's page), one made of the status. */
export function readProblem(response: Response, text: string): AppError {
  const { code, detail, title, errors } = readObject(text);
  const fields = Array.isArray(errors) ? errors.map((error) => readFieldError(error)) : [];
  const said = typeof detail === "string" ? detail : typeof title === "string" ? title : undefined;
  const others = fields
    .filter(({ message }) => said?.includes(message) !== true)
    .map(({ path, message }) => `${path}: ${message}`);
  const told = fields.map(({ path, message }) => `${path}: ${message}`);
  const message = [
    // Several are read better below each other.
    (said === told.join("; ") ? told.join("\n") : said) ??
      `${response.url} answered ${response.status} without saying why. Is it an Auxot router?`,
    ...others,
  ];
  const retryAfterSeconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new AppError(isErrorCode(code) ? code : codeOfStatus(response.status), message.join("\n"), {
    param: fields[0]?.path,
    retryAfterMs: Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : undefined,
  });
}

function codeOfStatus(status: number): ErrorCode {
  const codes = Object.keys(errorCodes).filter(isErrorCode);
  const fallback = status < 500 ? "invalid_request" : "source_failed";
  return codes.find((code) => errorCodes[code].status === status) ?? fallback;
}

function readFieldError(error: unknown): { readonly path: string; readonly message: string } {
  const { path, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  return { path: String(path ?? "input"), message: String(message ?? "is wrong") };
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
