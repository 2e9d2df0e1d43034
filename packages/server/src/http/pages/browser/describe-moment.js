// Says moments as people of the browser's language write them.

/** `moment`: ISO 8601, as the router tells it. */
export function describeMoment(moment) {
  return new Date(moment).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** E.g. "3 minutes ago". */
export function describeAge(moment, now = Date.now()) {
  const minutes = Math.floor((now - Date.parse(moment)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return minutes === 1 ? "a minute ago" : `${minutes} minutes ago`;
  return describeMoment(moment);
}
