// Finds the names a person may have meant. Pure.

/** Up to `limit` of `names` that are close to `wanted`, the closest first. */
export function findNearMatches(wanted: string, names: readonly string[], limit = 3): string[] {
  const target = normalise(wanted);
  return [...new Set(names)]
    .map((name) => ({ name, distance: measureDistance(target, normalise(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.ceil(Math.max(target.length, name.length) * 0.4)))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ name }) => name);
}

function normalise(name: string): string {
  return name
    .slice(0, 100)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");
}

/** Levenshtein distance, but a contained name counts as one step away. */
function measureDistance(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length >= 3 && b.length >= 3 && (a.includes(b) || b.includes(a))) return 1;
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? a.length;
}
