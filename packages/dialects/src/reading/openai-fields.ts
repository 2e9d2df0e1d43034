// What OpenAI's formats share of a request, in the same words and bounds: sampling, the end user, functions, schemas.

import type { ChatRequest, ResponseFormat, ToolDefinition } from "@auxot/wire/chat";
import { checkDepth } from "./json.ts";
import {
  isAbsent,
  optional,
  readName,
  readOptionalBoolean,
  readOptionalNumber,
  readOptionalString,
  readRecord,
  type Fields,
} from "./read-fields.ts";

export function readSampling(
  fields: Fields,
): Pick<ChatRequest, "temperature" | "topP" | "frequencyPenalty" | "presencePenalty"> {
  return {
    ...optional("temperature", readOptionalNumber(fields["temperature"], "temperature", 0, 2)),
    ...optional("topP", readOptionalNumber(fields["top_p"], "top_p", 0, 1)),
    ...optional("frequencyPenalty", readOptionalNumber(fields["frequency_penalty"], "frequency_penalty", -2, 2)),
    ...optional("presencePenalty", readOptionalNumber(fields["presence_penalty"], "presence_penalty", -2, 2)),
  };
}

/** `safety_identifier` replaces `user`. */
export function readEndUser(fields: Fields): Pick<ChatRequest, "endUser"> {
  const user = readOptionalString(fields["user"], "user");
  return optional("endUser", readOptionalString(fields["safety_identifier"], "safety_identifier") ?? user);
}

/** A function as a tool; one without parameters takes an empty object. */
export function readFunction(definition: Fields, path: string): ToolDefinition {
  const parameters = isAbsent(definition["parameters"])
    ? { type: "object", properties: {} }
    : readSchema(definition["parameters"], `${path}.parameters`);
  return {
    name: readName(definition["name"], `${path}.name`),
    ...optional("description", readOptionalString(definition["description"], `${path}.description`)),
    parameters,
    ...optional("strict", readOptionalBoolean(definition["strict"], `${path}.strict`)),
  };
}

/** The `json_schema` format of an answer. */
export function readJsonSchema(format: Fields, path: string): Extract<ResponseFormat, { type: "json-schema" }> {
  const schema = readSchema(format["schema"], `${path}.schema`);
  return {
    type: "json-schema",
    name: readName(format["name"], `${path}.name`),
    schema,
    ...optional("strict", readOptionalBoolean(format["strict"], `${path}.strict`)),
    ...optional("description", readOptionalString(format["description"], `${path}.description`)),
  };
}

function readSchema(value: unknown, path: string): Fields {
  const schema = readRecord(value, path, "a JSON Schema object");
  checkDepth(schema, path);
  return schema;
}
