// Owns the form in which an audit entry is kept, and the hash that ties it to the one before. Pure.

import { createHash } from "node:crypto";
import type { AuditEntry } from "../../platform/audit-entry.ts";
import { toCanonicalJson } from "../../platform/canonical-json.ts";

/** The columns of audit_entry, but its hash. `before` and `after` are JSON texts. */
export type AuditContent = {
  readonly seq: number;
  readonly id: string;
  /** ISO, with milliseconds. */
  readonly at: string;
  readonly actorType: string;
  readonly actorId: string;
  readonly actorName: string;
  readonly action: string;
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly targetName: string | null;
  readonly outcome: string;
  readonly face: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly before: string | null;
  readonly after: string | null;
};

/** A kept entry; `hash` is 64 hexadecimal characters. */
export type AuditRow = AuditContent & { readonly hash: string };

/** The hash before the first entry. */
export const firstHash = "0".repeat(64);

const longestChange = 64 * 1024;
const longestText = 500;

/** SHA-256 over the previous hash (hexadecimal), a line break, and the entry's canonical JSON. */
export function hashEntry(previousHash: string, content: AuditContent): string {
  return createHash("sha256")
    .update(`${previousHash}\n${toCanonicalJson(content)}`)
    .digest("hex");
}

/** What is kept of an entry: texts are bounded, and made such that the database gives back what was hashed. */
export function toContent(entry: AuditEntry, seq: number, id: string): AuditContent {
  const { actor, target } = entry;
  return {
    seq,
    id,
    at: entry.at.toISOString(),
    actorType: actor.type,
    actorId: toKeptText(actor.id),
    actorName: toKeptText(actor.name),
    action: entry.action,
    targetKind: target === null ? null : toKeptText(target.kind),
    targetId: target === null ? null : toKeptText(target.id),
    targetName: target === null ? null : toKeptText(target.name),
    outcome: entry.outcome,
    face: entry.face,
    ip: entry.ip === null ? null : toKeptText(entry.ip),
    userAgent: entry.userAgent === null ? null : toKeptText(entry.userAgent),
    requestId: entry.requestId === null ? null : toKeptText(entry.requestId),
    before: toKeptChange(entry.before),
    after: toKeptChange(entry.after),
  };
}

function toKeptChange(change: object | null): string | null {
  if (change === null) return null;
  const text = toCanonicalJson(change);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes <= longestChange) return text;
  return toCanonicalJson({ tooLarge: true, sizeBytes, sha256: createHash("sha256").update(text).digest("hex") });
}

/** Postgres keeps neither NUL nor half a surrogate pair. */
function toKeptText(text: string): string {
  return text.slice(0, longestText).toWellFormed().replaceAll("\0", "");
}
