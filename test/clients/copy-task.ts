// The task of these sessions: read two notes, write what they say into one file, say so. The scripted model acts by what
// stands in the conversation, so the file can only be right when the notes' text has come back to it.

import { nameOf, type Call, type Conversation, type Script, type Step } from "./vendor.ts";

export type Task = {
  readonly prompt: string;
  readonly notes: Readonly<Record<string, string>>;
  /** What copy.txt must say in the end. */
  readonly copyText: string;
  /** What the model says to the user, in order. */
  readonly words: readonly string[];
  /** Requests to the model. */
  readonly requests: number;
};

export const copyName = "copy.txt";

const [firstWords, lastWords] = ["I read both notes.", "Both notes are copied."];
/** What the model thinks where it is asked to, in order. */
export const copyReasoning = ["First the notes, both at once.", "Now the copy of them."] as const;

export const copyTask: Task = {
  prompt: `Read note-1.txt and note-2.txt and write their two words into ${copyName}.`,
  notes: { "note-1.txt": "The first word is quokka-7421.\n", "note-2.txt": "The second word is żółw-80.\n" },
  copyText: "I have read: quokka-7421, żółw-80",
  words: [firstWords, lastWords],
  requests: 3,
};

/** How an agent's own tools read and write a file. */
export type ToolKit = {
  read(file: string): Omit<Call, "id">;
  write(file: string, text: string): Omit<Call, "id">;
};

export const claudeTools: ToolKit = {
  read: (file) => ({ name: "Read", input: { file_path: file } }),
  write: (file, text) => ({ name: "Write", input: { file_path: file, content: text } }),
};

/** For models Codex does not know: everything by the shell. */
export const codexShell: ToolKit = {
  read: (file) => ({ name: "exec_command", input: { cmd: `cat ${file}` } }),
  write: (file, text) => ({ name: "exec_command", input: { cmd: `printf '%s' '${text}' > ${file}` } }),
};

/** Files are written by a custom tool: its input is free text. */
export const codexPatch: ToolKit = {
  read: codexShell.read,
  write: (file, text) => ({
    name: "apply_patch",
    input: `*** Begin Patch\n*** Add File: ${file}\n+${text}\n*** End Patch\n`,
  }),
};

/** All tools are called by JavaScript that is the input of one custom tool in a namespace. */
export const codexCode: ToolKit = {
  read: (file) => ({
    namespace: "functions",
    name: "exec",
    input: `const result = await tools.exec_command({ cmd: "cat ${file}" });\ntext(result.output);\n`,
  }),
  write: (file, text) => ({
    namespace: "functions",
    name: "exec",
    input: `text(await tools.apply_patch(${JSON.stringify(codexPatch.write(file, text).input)}));\n`,
  }),
};

export type Playing = {
  readonly script: Script;
  /** Of the calls the script made, oldest first. */
  readonly callIds: readonly string[];
};

export function playCopyTask(tools: ToolKit): Playing {
  const callIds: string[] = [];
  function call(one: Omit<Call, "id">, { toolNames }: Conversation): Call {
    if (!toolNames.includes(nameOf(one))) throw new Error(`${nameOf(one)} is not among ${toolNames.join(", ")}`);
    const id = `call_${callIds.length}_${Math.random().toString(36).slice(2)}`;
    callIds.push(id);
    return { id, ...one };
  }
  function script(conversation: Conversation): Step {
    const results = conversation.results.map(({ text }) => text).join("\n");
    const [first, second] = copyReasoning;
    switch (conversation.results.length) {
      case 0: {
        const calls = Object.keys(copyTask.notes).map((file) => call(tools.read(file), conversation));
        return { reasoning: first, text: firstWords, calls };
      }
      case 2: {
        const words = [/first word is (\S+)\./, /second word is (\S+)\./].map((word) => word.exec(results)?.[1] ?? "?");
        const text = `I have read: ${words.join(", ")}`;
        return { reasoning: second, calls: [call(tools.write(copyName, text), conversation)] };
      }
      case 3:
        return { text: lastWords };
      default:
        throw new Error(`${conversation.results.length} tool results make no sense here: ${results}`);
    }
  }
  return { script, callIds };
}
