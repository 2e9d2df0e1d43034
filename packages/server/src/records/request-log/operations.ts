// Does what wire/operations/request-log.ts declares.

import { AppError } from "@auxot/wire/errors";
import {
  getRequestContent,
  listContentSettings,
  removeContentSetting,
  setContentSetting,
  type ContentSetting,
  type RequestContent,
} from "@auxot/wire/operations/request-log";
import { eraseHandler, requireVersion, type AnyOperationHandler } from "../../operations/handler.ts";
import { requireAccess, type Resource } from "../../platform/access/may.ts";
import type { RequestLog } from "./request-log.ts";
import type { ContentRow, RequestLogStore, SettingRow } from "./store.ts";

export function createRequestLogOperations(
  store: RequestLogStore,
  requestLog: Pick<RequestLog, "reload">,
): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listContentSettings,
      handle: async (caller, _input, { tx }) => ({
        items: (await store.listSettings(tx, caller)).map(toView),
        nextCursor: null,
      }),
    }),
    eraseHandler({
      operation: setContentSetting,
      async handle(caller, { version, ...asked }, { tx, now, changed, afterCommit }) {
        requireAccess(caller, setContentSetting.action, describeScope(asked.scope));
        const before = await store.lockSetting(tx, asked.scope);
        if (before !== undefined) requireVersion("setting", before.version, version);
        const row = { ...asked, version: (before?.version ?? 0) + 1, updatedAt: now };
        await store.saveSetting(tx, row);
        changed({ ...name(asked.scope), before: before === undefined ? null : toView(before), after: toView(row) });
        afterCommit(requestLog.reload);
        return toView(row);
      },
    }),
    eraseHandler({
      operation: removeContentSetting,
      async handle(caller, { scope }, { tx, changed, afterCommit }) {
        requireAccess(caller, removeContentSetting.action, describeScope(scope));
        const before = await store.lockSetting(tx, scope);
        if (before === undefined) {
          throw new AppError("not_found", `There is no setting for "${scope}".`, { param: "scope" });
        }
        await store.removeSetting(tx, scope);
        changed({ ...name(scope), before: toView(before), after: null });
        afterCommit(requestLog.reload);
        return { scope };
      },
    }),
    eraseHandler({
      operation: getRequestContent,
      async handle(caller, { id }, { tx, now, changed }) {
        const row = await store.find(tx, id, now);
        if (row === undefined) {
          const why = "Nothing was kept of it, or it has expired.";
          throw new AppError("not_found", `There is no content of a request "${id}". ${why}`, { param: "id" });
        }
        const { requestId, ownerId, teamId, level } = row;
        requireAccess(caller, getRequestContent.action, { kind: "request", id: requestId, ownerId, teamId });
        // What was read is told without what it says.
        const read = { level };
        changed({ kind: "request-content", id: requestId, name: requestId, before: read, after: read });
        return toContentView(row);
      },
    }),
  ];
}

function describeScope(scope: string): Resource {
  return { kind: "content-setting", id: scope, ownerId: null, teamId: scope === "org" ? null : scope };
}

function name(scope: string): { readonly kind: string; readonly id: string; readonly name: string } {
  return { kind: "content-setting", id: scope, name: scope };
}

function toView(row: SettingRow): ContentSetting {
  return { ...row, updatedAt: row.updatedAt.toISOString() };
}

function toContentView(row: ContentRow): RequestContent {
  return {
    requestId: row.requestId,
    at: row.at.toISOString(),
    keyId: row.keyId,
    level: row.level,
    expiresAt: row.expiresAt.toISOString(),
    request: JSON.parse(row.request) as Record<string, unknown>,
    answer: row.answer === null ? null : (JSON.parse(row.answer) as Record<string, unknown>),
    truncated: row.truncated,
  };
}
