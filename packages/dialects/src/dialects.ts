// All dialects by name.
//
// The way through this package: one folder a format (serve.ts and call.ts are its two sides), and rooms for what they
// share. `reading` takes JSON and fields apart, `fitting` makes a request what a model takes, `streams` cuts and decodes
// server-sent events, `answers` reads whole answers and errors, `passing` is what the passthrough lane does to bytes, and
// `across` holds all formats together in tests. What other packages use stands at the top.

import type { DialectName } from "@auxot/wire/chat";
import { chatPath as messagesPath } from "./anthropic-messages/build-request.ts";
import { anthropicCall } from "./anthropic-messages/call.ts";
import { anthropicServe } from "./anthropic-messages/serve.ts";
import type { Dialect } from "./dialect.ts";
import { chatPath as completionsPath } from "./openai-chat/build-request.ts";
import { openaiCall } from "./openai-chat/call.ts";
import { openaiServe } from "./openai-chat/serve.ts";
import { chatPath as responsesPath } from "./openai-responses/build-request.ts";
import { responsesCall } from "./openai-responses/call.ts";
import { responsesServe } from "./openai-responses/serve.ts";

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  "openai-chat": {
    name: "openai-chat",
    answerIdPrefix: "chatcmpl-",
    chatPath: completionsPath,
    modelsPath: "/models",
    serve: openaiServe,
    call: openaiCall,
  },
  "openai-responses": {
    name: "openai-responses",
    answerIdPrefix: "resp_",
    chatPath: responsesPath,
    modelsPath: "/models",
    serve: responsesServe,
    call: responsesCall,
  },
  "anthropic-messages": {
    name: "anthropic-messages",
    answerIdPrefix: "msg_",
    chatPath: messagesPath,
    countPath: `${messagesPath}/count_tokens`,
    // 20 without the limit: https://docs.anthropic.com/en/api/models-list
    modelsPath: "/v1/models?limit=1000",
    serve: anthropicServe,
    call: anthropicCall,
  },
};
