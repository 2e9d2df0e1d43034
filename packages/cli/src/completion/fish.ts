// Writes the completion of fish.

import type { Command } from "../command.ts";
import { listTakingFlags, listWords, type Words } from "./words.ts";

export function writeFish(commands: readonly Command[]): string {
  const rows = listWords(commands);
  const known = rows.flatMap(({ after }) => (after === "" ? [] : quote(after)));
  return `# Completion of auxot for fish. Put into ~/.config/fish/config.fish: npx auxot completion fish | source
function __auxot_spoken
    set -l spoken
    set -l skips 0
    set -l tokens (commandline -opc)
    for word in $tokens[2..-1]
        if test $skips -eq 1
            set skips 0
        else if contains -- $word ${listTakingFlags(rows).join(" ")}
            set skips 1
        else if not string match -q -- '-*' $word
            set -l longer (string join ' ' $spoken $word)
            contains -- $longer ${known.join(" ")}
            and set spoken $spoken $word
        end
    end
    test "$argv[1]" = "$spoken"
end
complete -c auxot -f
${rows.flatMap(writeRow).join("\n")}
`;
}

function writeRow({ after, next, options }: Words): readonly string[] {
  const when = `complete -c auxot -n ${quote(`__auxot_spoken ${quote(after)}`)}`;
  return [
    ...next.map(({ word, summary }) => `${when} -a ${quote(word)}${summary === "" ? "" : ` -d ${quote(summary)}`}`),
    ...options.map(({ flags, summary, value }) => {
      const [long = "", short] = flags;
      const names = [`-l ${long.slice(2)}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])].join(" ");
      const takes =
        value === undefined
          ? ""
          : value === "file"
            ? " -r -F"
            : value === "any"
              ? " -x"
              : ` -x -a ${quote(value.join(" "))}`;
      return `${when} ${names}${takes}${summary === "" ? "" : ` -d ${quote(summary)}`}`;
    }),
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
