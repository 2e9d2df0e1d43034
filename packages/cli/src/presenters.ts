// What some operations say better than the rendering made of their declaration does. An operation without a row here is
// a command all the same.

import type { InvitationView } from "@auxot/wire/operations/invitations";
import type { KeyView } from "@auxot/wire/operations/keys";
import type { ScimTokenView } from "@auxot/wire/operations/scim-tokens";
import type { SsoProviderView } from "@auxot/wire/operations/sso-providers";
import type { UserView } from "@auxot/wire/operations/users";
import type { WorkerView } from "@auxot/wire/operations/workers";
import type { PriceEntryView } from "@auxot/wire/operations/prices";
import type { SecretView } from "@auxot/wire/operations/secrets";
import type { AuditEntryView } from "@auxot/wire/operations/audit";
import type { RoutingView } from "@auxot/wire/operations/models";
import { formatCell, formatSpan } from "./cells.ts";
import { column, type Column } from "./column.ts";
import { renderAccess } from "./present-access.ts";
import { renderContent } from "./present-content.ts";
import { alertColumns, limitColumns, renderLimitStatus } from "./present-limits.ts";
import { modelColumns, visibilityColumns } from "./present-models.ts";
import { priceColumns } from "./present-prices.ts";
import { renderUsage, usageRecordColumns } from "./present-usage.ts";

export type Presenter = {
  /** The columns of a list, in order. */
  readonly columns?: readonly Column[];
  /** What to say when a list is empty. */
  readonly hint?: (url: string) => string;
  /** Switches that stand for other options: `--worker` for `--kind worker`. */
  readonly switches?: Readonly<
    Record<string, { readonly summary: string; readonly sets: Readonly<Record<string, string>> }>
  >;
  /** The whole answer, where fields below each other would not say it. */
  readonly render?: (answer: never) => string;
  /** The field whose text is all there is to show: a part of a file. The command goes on to the last part. */
  readonly fileField?: string;
  /** It points to teams, service accounts or keys by their ids, which are shown by name. */
  readonly hasIds?: true;
  /** Of a question whose answer may be bad news: exit code 1. */
  readonly isBad?: (answer: never) => boolean;
  /** How what was removed is called in the sentence that says so, instead of its id. */
  readonly nameField?: string;
};

/** By the operation's name. */
export const presenters: Readonly<Record<string, Presenter>> = {
  "keys.create": {
    switches: {
      worker: { summary: "A worker's key (axw_…) instead of a caller's (axk_…)", sets: { kind: "worker" } },
    },
  },
  "keys.list": {
    columns: [
      column("ID", (key: KeyView) => key.id),
      column("NAME", (key: KeyView) => formatCell("name", key.name)),
      column("KIND", (key: KeyView) => (key.kind === "worker" ? "worker" : key.admin ? "admin" : "caller")),
      column(
        "OWNER",
        (key: KeyView) => key.provider ?? (key.owner.id === null ? "org" : formatCell("name", key.owner.name)),
      ),
      column("KEY", (key: KeyView) => key.masked),
      column("LAST USED", (key: KeyView, { now }) => formatAgo(key.lastUsedAt, now())),
      column("STATE", (key: KeyView, { now }) => formatKeyState(key, now())),
    ],
    hint: () => "There are no keys yet. Make one: npx auxot keys create --name NAME\n",
  },
  "keys.revoke": { nameField: "masked" },
  "users.list": {
    columns: [
      column("ID", (user: UserView) => user.id),
      column("NAME", (user: UserView) => formatCell("name", user.name)),
      column("EMAIL", (user: UserView) => formatCell("email", user.email)),
      column("ROLE", (user: UserView) => user.role),
      column("STATE", (user: UserView) =>
        user.deactivatedAt === null ? "active" : `deactivated ${user.deactivatedAt.slice(0, 10)}`,
      ),
      column("SECOND FACTOR", (user: UserView) => (user.twoFactor ? "app" : "-")),
      column("FROM", (user: UserView) => (user.managed ? "directory" : user.origin)),
      column("LAST SIGN-IN", (user: UserView) => formatCell("at", user.lastSignInAt)),
    ],
    hint: () => "Nobody has an account yet. The router's log has the token with which the owner makes theirs.\n",
  },
  "invitations.list": {
    columns: [
      column("ID", (invitation: InvitationView) => invitation.id),
      column("EMAIL", (invitation: InvitationView) => formatCell("email", invitation.email)),
      column("ROLE", (invitation: InvitationView) => invitation.role),
      column("TEAMS", (invitation: InvitationView) => String(invitation.teams.length || "-")),
      column("STATE", (invitation: InvitationView) => invitation.state),
      column("EXPIRES", (invitation: InvitationView) => formatCell("at", invitation.expiresAt)),
      column("INVITED BY", (invitation: InvitationView) => formatCell("name", invitation.createdBy)),
    ],
    hint: () => "Nobody is invited. Invite somebody: npx auxot invitations create --email ADDRESS\n",
  },
  "sso-providers.list": {
    columns: [
      column("ID", (provider: SsoProviderView) => provider.id),
      column("NAME", (provider: SsoProviderView) => provider.name),
      column("STATE", (provider: SsoProviderView) => (provider.enabled ? "on" : formatOff(provider))),
      column("DOMAINS", (provider: SsoProviderView) => formatCell("domains", provider.domains)),
      column("FROM", (provider: SsoProviderView) => (provider.origin === "config" ? "auxot.yaml" : "created")),
      column("ISSUER", (provider: SsoProviderView) => formatCell("issuer", provider.issuer)),
    ],
    hint: () => "People sign in with passwords and passkeys alone: there is no identity provider.\n",
  },
  "scim-tokens.list": {
    columns: [
      column("ID", (token: ScimTokenView) => token.id),
      column("NAME", (token: ScimTokenView) => formatCell("name", token.name)),
      column("TOKEN", (token: ScimTokenView) => token.masked),
      column("MADE BY", (token: ScimTokenView) => formatCell("name", token.createdBy)),
      column("LAST USED", (token: ScimTokenView) => formatCell("at", token.lastUsedAt)),
      column("STATE", (token: ScimTokenView) =>
        token.revokedAt === null ? "active" : `revoked ${token.revokedAt.slice(0, 10)}`,
      ),
    ],
    hint: () => "No directory has a token. Make one: npx auxot scim-tokens create --name NAME\n",
  },
  "workers.list": {
    columns: [
      column("NAME", (worker: WorkerView) => formatCell("name", worker.name)),
      column("STATE", (worker: WorkerView) => worker.state),
      column("TIER", (worker: WorkerView) => worker.kind),
      column("PROVIDER", (worker: WorkerView) => worker.provider),
      column("MODELS", (worker: WorkerView) => worker.models.map(({ model }) => model).join(", ") || "-"),
      column(
        "BUSY",
        (worker: WorkerView, { now }) => worker.models.map((model) => formatRoom(model, now())).join(", ") || "-",
      ),
      column("LAST SEEN", (worker: WorkerView, { now }) => formatAgo(worker.lastSeenAt, now())),
    ],
    hint: (url) =>
      "No worker is connected. To connect one, on its machine:\n" +
      `  AUXOT_WORKER_KEY=axw_… npx auxot-worker gpu --router ${url}\n` +
      "and a key for it: npx auxot keys create --name NAME --worker\n",
  },
  "access.explain": { render: renderAccess },
  "alerts.list": { columns: alertColumns, hasIds: true, hint: () => "No budget is half spent yet.\n" },
  "audit.list": {
    columns: [
      column("SEQ", (entry: AuditEntryView) => String(entry.seq)),
      column("AT", (entry: AuditEntryView) => formatCell("at", entry.at)),
      column("WHO", (entry: AuditEntryView) => formatCell("name", entry.actor.name || entry.actor.id)),
      column("ACTION", (entry: AuditEntryView) => entry.action),
      column("WHAT", (entry: AuditEntryView) => formatCell("name", entry.target?.name || entry.target?.id)),
      column("FACE", (entry: AuditEntryView) => entry.face),
      column("OUTCOME", (entry: AuditEntryView) =>
        entry.reason === null ? entry.outcome : `${entry.outcome}: ${formatCell("reason", entry.reason)}`,
      ),
    ],
    hint: () => "The audit log has no such entry.\n",
  },
  "audit.export": { fileField: "text" },
  "audit.verify": { isBad: ({ ok }: { readonly ok: boolean }) => !ok },
  "limits.list": {
    columns: limitColumns,
    hasIds: true,
    hint: () => "Nobody has limits. To set one: npx auxot limits create --help\n",
  },
  "limits.status": { render: renderLimitStatus, hasIds: true },
  "models.list": {
    columns: modelColumns,
    hasIds: true,
    hint: () => "There are no models. Start a worker, or declare a cloud provider in auxot.yaml.\n",
  },
  "request-content.get": { render: renderContent },
  "routing.list": {
    columns: [
      column("FOR", (routing: RoutingView) => formatCell("name", routing.name)),
      column("SUBJECT", (routing: RoutingView) => routing.subject),
      column("DEFAULT MODEL", (routing: RoutingView) => formatCell("model", routing.defaultModel)),
      column("TIERS", (routing: RoutingView) => formatCell("tiers", routing.tiers)),
      column("FALLBACKS", (routing: RoutingView) => describeFallbacks(routing.fallbacks)),
    ],
    hint: () => "Nobody changed the order of models: gpu, then cli, then cloud.\n",
  },
  "secrets.list": {
    columns: [
      column("ID", (secret: SecretView) => secret.id),
      column("NAME", (secret: SecretView) => secret.name),
      column("FOR", (secret: SecretView) => secret.scopeId ?? "everybody"),
      column("ENDS IN", (secret: SecretView) => formatCell("last4", secret.last4)),
      column("UPDATED", (secret: SecretView) => formatCell("updatedAt", secret.updatedAt)),
      column("USED BY", (secret: SecretView) =>
        formatCell(
          "name",
          secret.usedBy.map(({ name }) => name),
        ),
      ),
      column("DESCRIPTION", (secret: SecretView) => formatCell("description", secret.description)),
    ],
    hasIds: true,
  },
  "service-accounts.list": { hasIds: true },
  "roles.list": { hasIds: true },
  "comparisons.list": { hasIds: true },
  "content-logging.list": { hasIds: true },
  "models.visibility": {
    columns: visibilityColumns,
    hasIds: true,
    hint: () => "Everybody sees every model.\n",
  },
  "prices.list": { columns: priceColumns },
  "prices.history": {
    columns: [
      ...priceColumns,
      column("SET BY", (price: PriceEntryView) => price.createdBy),
      column("REMOVED", (price: PriceEntryView) => formatCell("removedAt", price.removedAt)),
      column("REMOVED BY", (price: PriceEntryView) => formatCell("removedBy", price.removedBy)),
    ],
    hasIds: true,
  },
  "usage.query": { render: renderUsage, hasIds: true },
  "usage.records": { columns: usageRecordColumns, hint: () => "No request fits.\n" },
};

/** When it ends, or has ended. */
function formatKeyState({ revokedAt, expiresAt }: KeyView, now: number): string {
  if (revokedAt !== null) return `revoked ${revokedAt.slice(0, 10)}`;
  if (expiresAt === null) return "active";
  return `${Date.parse(expiresAt) <= now ? "expired" : "until"} ${expiresAt.slice(0, 10)}`;
}

function formatAgo(at: string | null, now: number): string {
  return at === null ? "never" : `${formatSpan(now - Date.parse(at))} ago`;
}

function describeFallbacks(fallbacks: RoutingView["fallbacks"]): string {
  const rows = Object.entries(fallbacks ?? {}).map(([model, others]) => `${model} → ${others.join(", ")}`);
  return formatCell("fallbacks", rows.join("; "));
}

/** What there is to do before it can be switched on. */
function formatOff({ testedAt }: SsoProviderView): string {
  return testedAt === null ? "off, not tested" : "off";
}

/** "1/4": slots that run a job, of all. "rests 3 h" while a limit is used up. */
function formatRoom({ busySlots, slots, restsUntil }: WorkerView["models"][number], now: number): string {
  const restMs = restsUntil === undefined ? 0 : Date.parse(restsUntil) - now;
  return restMs > 0 ? `rests ${formatSpan(restMs)}` : `${busySlots}/${slots}`;
}
