// Turns the text a model writes into answer events: text, reasoning between <think> and </think>, tool calls in the
// model's own format. Pure, and character by character, so that it does not matter how the text is split into pushes.
// Nothing is lost: what looks like a call and is none becomes text.

import type { ChatEvent } from "@auxot/wire/chat-event";
import { createBlockWriter } from "./block-writer.ts";
import {
  createCallReader,
  createValueScanner,
  isSpace,
  type CallReader,
  type CallStep,
  type ValueScanner,
} from "./call-reader.ts";
import type { ToolFormat } from "./tool-format.ts";

export type AnswerParserOptions = {
  /** Absent: tool calls are not looked for. */
  readonly toolFormat?: ToolFormat | undefined;
  /** The tools of the request; a bare JSON answer is a call only when it names one. */
  readonly toolNames: readonly string[];
  /** Answers may begin with <think>. */
  readonly reasoning: boolean;
  /** The prompt itself ended inside <think>. */
  readonly startsInReasoning: boolean;
  readonly createCallId: () => string;
};

export type AnswerParser = {
  push(text: string): ChatEvent[];
  /** At the end of the answer: what was held back, and the end of the open block. */
  finish(): ChatEvent[];
  inReasoning(): boolean;
  /** True once a call was read to its end. */
  sawCall(): boolean;
};

/** Takes one character; true when it was used up, false when the next state must look at it again. */
type State = (character: string) => boolean;

const thinkOpen = "<think>";
const thinkClose = "</think>";
const callOpen = { hermes: "<tool_call>", mistral: "[TOOL_CALLS]", llama: "<|python_tag|>" } as const;
const hermesClose = "</tool_call>";
const longestName = 200;

export function createAnswerParser(options: AnswerParserOptions): AnswerParser {
  const { toolFormat } = options;
  const blocks = createBlockWriter();
  let state: State = options.startsInReasoning ? readReasoning : readText;
  /** The beginning of what may become a marker. */
  let held = "";
  /** White space whose fate the next character decides. */
  let spaces = "";
  /** What came just before: decides whether `spaces` are part of the answer. */
  let after: "start" | "reasoning" | "call" | "text" = "start";
  let calls = 0;
  /** The call being read: its exact text until its start event is out. */
  let raw = "";
  let callName: string | undefined;
  let callStarted = false;
  let reader: CallReader = createCallReader();
  let scanner: ValueScanner = createValueScanner();

  function isMarker(text: string): "whole" | "begun" | undefined {
    const markers = [
      ...(options.reasoning && after === "start" ? [thinkOpen] : []),
      ...(toolFormat === undefined ? [] : [callOpen[toolFormat]]),
    ];
    if (markers.includes(text)) return "whole";
    return markers.some((marker) => marker.startsWith(text)) ? "begun" : undefined;
  }

  function readText(character: string): boolean {
    if (held === "" && isSpace(character) && (toolFormat !== undefined || after !== "text")) {
      spaces += character;
      return true;
    }
    if (toolFormat === "llama" && held === "" && after !== "text") {
      if (character === "{") {
        raw = "";
        state = readCallObject;
        openCall();
        return false;
      }
      if (character === ";" && after === "call") return true;
    }
    held += character;
    for (;;) {
      const found = isMarker(held);
      if (found === "whole") return startMarked();
      if (found === "begun") return true;
      writeText(held.slice(0, 1));
      held = held.slice(1);
      if (held === "") return true;
    }
  }

  function startMarked(): boolean {
    const marker = held;
    held = "";
    if (marker === thinkOpen) {
      spaces = "";
      state = readReasoning;
      return true;
    }
    raw = marker;
    state = toolFormat === "mistral" ? readMistralHead : readCallObject;
    openCall();
    return true;
  }

  function openCall(): void {
    callName = undefined;
    callStarted = false;
    reader = createCallReader();
  }

  function writeText(piece: string): void {
    if (after !== "reasoning") blocks.text(spaces);
    spaces = "";
    after = "text";
    blocks.text(piece);
  }

  function readReasoning(character: string): boolean {
    held += character;
    for (;;) {
      if (held === thinkClose) {
        held = "";
        endReasoning();
        return true;
      }
      if (thinkClose.startsWith(held)) return true;
      writeReasoning(held.slice(0, 1));
      held = held.slice(1);
      if (held === "") return true;
    }
  }

  function writeReasoning(character: string): void {
    if (isSpace(character)) {
      // White space at the ends of the reasoning belongs to the tags.
      if (after === "reasoning") spaces += character;
      return;
    }
    blocks.reasoning(spaces + character);
    spaces = "";
    after = "reasoning";
  }

  function endReasoning(): void {
    spaces = "";
    blocks.close();
    after = "reasoning";
    state = readText;
  }

  function readCallObject(character: string): boolean {
    raw += character;
    for (const step of reader.push(character)) {
      if (!takeStep(step)) return failCall();
    }
    return true;
  }

  function takeStep(step: CallStep): boolean {
    switch (step.type) {
      case "name":
        callName = step.name;
        // The call begins with its arguments: until then the text may turn out to be none, and a call without its
        // arguments must never run.
        return toolFormat !== "llama" || options.toolNames.includes(step.name);
      case "arguments":
        if (callName !== undefined) beginCall(callName);
        blocks.arguments(step.text);
        return true;
      case "end":
        // A bare object without arguments is more likely an answer in JSON.
        if (toolFormat === "llama" && !callStarted) return false;
        if (callName !== undefined) beginCall(callName);
        finishCall(toolFormat === "hermes" ? readHermesClose : toolFormat === "mistral" ? readMistralArray : readText);
        return true;
      case "malformed":
        return false;
    }
  }

  function beginCall(name: string): void {
    if (callStarted) return;
    callStarted = true;
    spaces = "";
    blocks.startCall(options.createCallId(), name);
  }

  function finishCall(next: State): void {
    blocks.close();
    calls++;
    after = "call";
    raw = "";
    callStarted = false;
    state = next;
  }

  /** What was read is no call. Text that already left as arguments stays there. */
  function failCall(): boolean {
    state = readText;
    if (callStarted) {
      const rest = raw.slice(-1);
      finishCall(readText);
      writeText(rest);
      return true;
    }
    const text = raw;
    raw = "";
    writeText(text);
    return true;
  }

  function readHermesClose(character: string): boolean {
    if (held === "" && isSpace(character)) {
      spaces += character;
      return true;
    }
    held += character;
    if (held === hermesClose) {
      held = "";
      spaces = "";
      state = readText;
    } else if (!hermesClose.startsWith(held)) {
      // The closing tag is missing: what came instead is looked at as text.
      const rest = held;
      held = "";
      state = readText;
      for (const one of rest) step(one);
    }
    return true;
  }

  function readMistralHead(character: string): boolean {
    raw += character;
    if (isSpace(character)) return true;
    if (character === "[") {
      state = readMistralArray;
      return true;
    }
    raw = raw.slice(0, -1);
    callName = "";
    state = character === "{" ? readCallObject : readMistralName;
    return false;
  }

  function readMistralArray(character: string): boolean {
    if (character === "{") {
      state = readCallObject;
      openCall();
      return false;
    }
    if (character === "]" && after === "call") {
      state = readText;
      return true;
    }
    // Between calls there is nothing to give back as text.
    const isBetween = isSpace(character) || character === ",";
    if (!isBetween || after !== "call") raw += character;
    return isBetween ? true : failCall();
  }

  function readMistralName(character: string): boolean {
    if (character === "{") {
      const name = (callName ?? "").split("[")[0]?.trim() ?? "";
      if (name === "") return failCall();
      beginCall(name);
      scanner = createValueScanner();
      state = readMistralArguments;
      return false;
    }
    raw += character;
    callName += character;
    return character === "\n" || (callName ?? "").length > longestName ? failCall() : true;
  }

  function readMistralArguments(character: string): boolean {
    blocks.arguments(character);
    if (scanner.push(character) === "end") finishCall(readText);
    return true;
  }

  function step(character: string): void {
    while (!state(character));
  }

  return {
    push(text) {
      for (const character of text) step(character);
      return blocks.take();
    },
    finish() {
      if (callStarted) {
        finishCall(readText);
      } else if (state === readReasoning) {
        if (held !== "") blocks.reasoning(spaces + held);
      } else if (state !== readHermesClose) {
        const rest = raw + held;
        if (rest !== "") writeText(rest);
        else if (after === "text" || after === "start") blocks.text(spaces);
      }
      blocks.close();
      return blocks.take();
    },
    inReasoning: () => state === readReasoning,
    sawCall: () => calls > 0,
  };
}
