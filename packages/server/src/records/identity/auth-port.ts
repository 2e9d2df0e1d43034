// The words between the router and how people sign in. Types only: what stands behind them can be replaced.

/** A request as the identity rooms see it. `address` is the caller's, after trusted proxies. */
export type IdentityRequest = {
  readonly method: string;
  /** Below `/api/auth`, e.g. `/sign-in/email`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or the fields of a form where identity providers post one. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly address: string;
  readonly requestId: string;
};

/**
 * `cookies` are whole Set-Cookie lines. With `location` the browser is sent there, and there is no body. With `contentType`
 * the body is text of that type, else JSON.
 */
export type IdentityAnswer = {
  readonly status: number;
  readonly body: unknown;
  readonly cookies: readonly string[];
  readonly location?: string;
  readonly contentType?: string;
};

/** A person whose cookie was checked. */
export type SignedIn = {
  readonly sessionId: string;
  readonly userId: string;
};

/** Passwords, passkeys, second factors, sessions. Loaded when somebody first signs in, not at the start. */
export type AuthPort = {
  /** Undefined: it has nothing at this path. Throws AppError; `cookies` of a refusal go with `onCookies`. */
  handle(request: IdentityRequest, onCookies: (lines: readonly string[]) => void): Promise<IdentityAnswer | undefined>;
  /** Starts a session for somebody whose identity was proven elsewhere. Throws `forbidden` for the deactivated. */
  signInAs(userId: string, request: Pick<IdentityRequest, "headers" | "address">): Promise<readonly string[]>;
  /** Who this Cookie header belongs to; prolongs nothing. */
  readSession(cookie: string): Promise<SignedIn | undefined>;
};
