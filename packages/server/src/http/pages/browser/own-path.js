// Owns where people go after they signed in: only to pages of this router, whatever an address says. Pure.

/** The path, or `otherwise` for anything that leads elsewhere. */
export function readOwnPath(text, otherwise = "/account") {
  if (text === null || text === undefined) return otherwise;
  // `//host` and `/\host` are addresses of other hosts; browsers drop tabs and line ends before they look.
  const isOwn = /^\/(?![/\\])[\x21-\x7e]*$/.test(text) && !text.includes("\\");
  // Back to where one just came from would go round in circles.
  return isOwn && !/^\/sign-in(?:[?#]|$)/.test(text) ? text : otherwise;
}

/** The sign-in page, which leads back to `path`. */
export function signInFor(path) {
  return `/sign-in?returnTo=${encodeURIComponent(path)}`;
}
