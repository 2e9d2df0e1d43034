// Owns the form in which an audit entry is kept, and the hash that ties it to the one before. Pure.

import { createHash } from "node:crypto";
import type { AuditOutcome, AuditRecord } from "../../platform/audit-record.ts";
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
  /** "" where no key was used. */
  readonly keyId: string;
  readonly action: string;
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly targetName: string | null;
  readonly outcome: AuditOutcome;
  readonly reason: string | null;
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
export function toContent(entry: AuditRecord, seq: number, id: string): AuditContent {
  const { actor, target } = entry;
  return {
    seq,
    id,
    at: entry.at.toISOString(),
    actorType: actor.type,
    actorId: toKeptText(actor.id),
    actorName: toKeptText(actor.name),
    keyId: toKeptText(actor.keyId),
    action: entry.action,
    targetKind: toKeptOrNull(target?.kind ?? null),
    targetId: toKeptOrNull(target?.id ?? null),
    targetName: toKeptOrNull(target?.name ?? null),
    outcome: entry.outcome,
    reason: toKeptOrNull(entry.reason),
    face: entry.face,
    ip: toKeptOrNull(entry.ip),
    userAgent: toKeptOrNull(entry.userAgent),
    requestId: toKeptOrNull(entry.requestId),
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

function toKeptOrNull(text: string | null): string | null {
  return text === null ? null : toKeptText(text);
}

/** Postgres keeps neither NUL nor half a surrogate pair. */
function toKeptText(text: string): string {
  return text.slice(0, longestText).toWellFormed().replaceAll("\0", "");
}
