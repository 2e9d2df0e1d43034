// A browser as far as signing in goes: it keeps cookies and says where its pages come from.

export type Browser = {
  readonly cookies: ReadonlyMap<string, string>;
  /** `body` undefined: GET. Cookies of other hosts are not sent; redirects are not followed. */
  ask(path: string, body?: object, options?: AskOptions): Promise<Answer>;
  /** As another browser that stole the cookies would be. */
  clone(): Browser;
  /** The same one where its cookies do not go, as with what another site posts (SameSite=Lax). */
  withoutCookies(): Browser;
};

export type AskOptions = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form in place of `body`. */
  readonly form?: URLSearchParams;
};

export type Answer = {
  readonly status: number;
  // oxlint-disable-next-line no-explicit-any -- tests look into answers of every shape
  readonly body: any;
  readonly headers: Headers;
};

export function openBrowser(url: string, kept: ReadonlyMap<string, string> = new Map()): Browser {
  const cookies = new Map(kept);
  return {
    cookies,
    clone: () => openBrowser(url, cookies),
    withoutCookies: () => openBrowser(url),
    async ask(path, body, { method = body === undefined ? "GET" : "POST", headers = {}, form } = {}) {
      const response = await fetch(new URL(path, url), {
        method,
        redirect: "manual",
        headers: {
          origin: new URL(url).origin,
          ...(cookies.size === 0 ? {} : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(form === undefined ? {} : { body: form.toString() }),
      });
      for (const line of response.headers.getSetCookie()) keepCookie(cookies, line);
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: readBody(text) };
    },
  };
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function keepCookie(cookies: Map<string, string>, line: string): void {
  const [pair = "", ...attributes] = line.split(";");
  const [name = "", ...value] = pair.split("=");
  const isOver = attributes.some((one) => /^\s*max-age=0$/i.test(one)) || value.join("=") === "";
  if (isOver) cookies.delete(name);
  else cookies.set(name, value.join("="));
}
