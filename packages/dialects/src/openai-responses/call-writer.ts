// Tool-call blocks -> function_call and custom_tool_call items, as the caller declared the tool.

import type { ToolDefinition } from "@auxot/wire/chat";
import { buildCall, createToolTable } from "./build-call.ts";
import type { ItemList } from "./item-list.ts";
import type { BlockWriter } from "./item-writer.ts";

export type CallWriter = { startCall(callId: string, name: string): { block: BlockWriter; text: string } };

export function createCallWriter(list: ItemList, tools: readonly ToolDefinition[]): CallWriter {
  const table = createToolTable(tools);
  return {
    startCall(callId, name) {
      const pieces: string[] = [];
      const isCustom = table.get(name)?.custom !== undefined;
      const { item, text } = list.add(isCustom ? "ctc" : "fc", (id, status) => {
        return { id, status, ...buildCall(table, callId, name, pieces.join("")) };
      });
      let isBlank = true;
      function push(piece: string): string {
        pieces.push(piece);
        isBlank &&= piece.trim() === "";
        // The text of a custom call stands inside JSON here: it is told whole, at the end.
        if (isCustom) return "";
        return list.write(item, "response.function_call_arguments.delta", `"delta":${JSON.stringify(piece)}`);
      }
      const block: BlockWriter = {
        push,
        end() {
          // "" is not JSON: a call without arguments still gets an object.
          const rest = isBlank && !isCustom ? push("{}") : "";
          list.end(item);
          const built = item.build("completed");
          if (built.type === "custom_tool_call") {
            const whole = JSON.stringify(built.input);
            return (
              list.write(item, "response.custom_tool_call_input.delta", `"delta":${whole}`) +
              list.write(item, "response.custom_tool_call_input.done", `"input":${whole}`)
            );
          }
          if (built.type !== "function_call") return "";
          const fields = `"name":${JSON.stringify(built.name)},"arguments":${JSON.stringify(built.arguments)}`;
          return rest + list.write(item, "response.function_call_arguments.done", fields);
        },
      };
      return { block, text };
    },
  };
}
