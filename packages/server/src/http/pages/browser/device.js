// The page where somebody signed in lets a command line in.

import { ask } from "./ask.js";
import { describeAge } from "./describe-moment.js";
import { handleButton, handleForm, show, tell } from "./form.js";
import { goToSignIn, readPerson } from "./session.js";

const find = (id) => document.querySelector(`#${id}`);
const notice = find("notice");
const form = find("code-form");
let userCode = "";

async function read(code) {
  const { body, problem } = await ask("/api/auth/device/read", { userCode: code });
  if (problem !== undefined) return problem;
  userCode = code;
  const letters = code.toUpperCase().replaceAll(/[^A-Z]/g, "");
  find("client").textContent = body.client;
  find("shown-code").textContent = `${letters.slice(0, 4)}-${letters.slice(4)}`;
  find("asked").textContent = describeAge(body.createdAt);
  form.hidden = true;
  show(find("decide"));
  return undefined;
}

function decide(approve, title, text) {
  return async () => {
    const { problem } = await ask("/api/auth/device/decide", { userCode, approve });
    if (problem !== undefined) return problem;
    find("decide").hidden = true;
    find("done-title").textContent = title;
    find("done-text").textContent = text;
    show(find("done"));
    return undefined;
  };
}

handleForm(form, notice, (values) => read(values.userCode));
handleButton(
  find("approve"),
  notice,
  decide(true, "The command line is signed in", "It goes on by itself in a few seconds. You can close this page."),
);
handleButton(find("deny"), notice, decide(false, "Denied", "The command line gets nothing. You can close this page."));

const { person, problem } = await readPerson();
if (problem !== undefined) tell(notice, problem.detail);
else if (person === undefined) goToSignIn();
else {
  find("person").textContent = `${person.name} (${person.email})`;
  const code = new URLSearchParams(location.search).get("code") ?? "";
  find("code").value = code;
  const refused = code === "" ? undefined : await read(code);
  if (refused !== undefined) tell(notice, refused.detail);
  if (userCode === "") {
    form.hidden = false;
    find("code").focus();
  }
}
