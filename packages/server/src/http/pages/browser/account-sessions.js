// The sessions of the account page: list, end one, end all.

import { ask } from "./ask.js";
import { describeBrowser } from "./describe-browser.js";
import { describeAge, describeMoment } from "./describe-moment.js";
import { askPerson } from "./dialog.js";
import { tell } from "./form.js";
import { drawList } from "./list.js";

const find = (id) => document.querySelector(`#${id}`);
const notice = find("sessions-notice");

export async function showSessions() {
  const { body, problem } = await ask("/api/auth/sessions");
  if (problem !== undefined) return tell(notice, problem.detail);
  const items = body.items.map(({ id, browser, address, current, createdAt, lastSeenAt }) => ({
    title: describeBrowser(browser),
    ...(current ? { badge: "this one" } : {}),
    notes: [
      `Since ${describeMoment(createdAt)}${address === null ? "" : ` from ${address}`}`,
      ...(current ? [] : [`Last renewed ${describeAge(lastSeenAt)}`]),
    ],
    actions: current
      ? []
      : [
          {
            text: "End",
            label: `End the session of ${describeBrowser(browser)}`,
            isDanger: true,
            run: () => void end(id),
          },
        ],
  }));
  drawList(find("sessions"), items, "There are none.");
  return undefined;
}

async function end(id) {
  const { problem } = await ask(`/api/auth/sessions/${encodeURIComponent(id)}`, undefined, "DELETE");
  tell(notice, problem?.detail ?? "");
  await showSessions();
}

find("end-all").addEventListener("click", async () => {
  const given = await askPerson({
    title: "Sign out everywhere?",
    text: "All your sessions end, this one too. Keys are not sessions: they go on working.",
    yes: "Sign out everywhere",
    isDanger: true,
  });
  if (given === undefined) return;
  const { problem } = await ask("/api/auth/sign-out-everywhere", {});
  if (problem === undefined) location.replace("/sign-in");
  else tell(notice, problem.detail);
});
