// The output items of one Responses answer: their ids, their places, and when each is added and done.

import type { AnswerMeta } from "../dialect.ts";
import type { ItemStatus, ResponsesOutputItem } from "./schema.ts";

/** Gives the frame of an event; `fields` is JSON text without braces. */
export type WriteEvent = (type: string, fields: string) => string;

export type Item = {
  readonly id: string;
  /** Its `output_index`. */
  readonly position: number;
  build(status: ItemStatus): ResponsesOutputItem;
};

export type ItemList = {
  /** Writes `output_item.added`, after closing every item that is complete. */
  add(prefix: string, build: (id: string, status: ItemStatus) => ResponsesOutputItem): { item: Item; text: string };
  /** The item is complete. It is closed when the next begins or the answer ends: only then is its status known. */
  end(item: Item): void;
  /** Takes back the end of an item; false when it is closed already. */
  reopen(item: Item): boolean;
  /** An event of an item; `fields` come behind its id and index. */
  write(item: Item, type: string, fields: string): string;
  /** Closes what is complete; `status` is that of the last item. */
  finish(status: ItemStatus): string;
  /** The items closed so far, in order. */
  output(): ResponsesOutputItem[];
};

export function createItemList(meta: AnswerMeta, write: WriteEvent): ItemList {
  const idTail = meta.id.replace(/^resp_/, "");
  const ended = new Set<Item>();
  const closed: (ResponsesOutputItem | undefined)[] = [];

  function writeItem(type: string, position: number, item: ResponsesOutputItem): string {
    return write(type, `"output_index":${position},"item":${JSON.stringify(item)}`);
  }

  function close(item: Item, status: ItemStatus): string {
    ended.delete(item);
    const built = item.build(status);
    closed[item.position] = built;
    return writeItem("response.output_item.done", item.position, built);
  }

  return {
    add(prefix, build) {
      let text = "";
      for (const item of ended) text += close(item, "completed");
      const position = closed.push(undefined) - 1;
      const id = `${prefix}_${idTail}_${position}`;
      const item = { id, position, build: (status: ItemStatus) => build(id, status) };
      return { item, text: text + writeItem("response.output_item.added", position, item.build("in_progress")) };
    },
    end: (item) => void ended.add(item),
    reopen(item) {
      ended.delete(item);
      return closed[item.position] === undefined;
    },
    write: (item, type, fields) => write(type, `"item_id":"${item.id}","output_index":${item.position},${fields}`),
    finish(status) {
      let text = "";
      for (const item of [...ended].toSorted((a, b) => a.position - b.position)) {
        text += close(item, item.position === closed.length - 1 ? status : "completed");
      }
      return text;
    },
    output: () => closed.filter((item) => item !== undefined),
  };
}
