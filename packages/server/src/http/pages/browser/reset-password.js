// The page of a link that sets a new password.

import { ask } from "./ask.js";
import { handleForm, show, tell } from "./form.js";

const find = (id) => document.querySelector(`#${id}`);
const form = find("reset");
const token = location.hash.slice(1);

handleForm(form, find("notice"), async (values) => {
  const { problem } = await ask("/api/auth/reset-password", { ...values, token });
  if (problem !== undefined) return problem;
  history.replaceState(null, "", location.pathname);
  form.hidden = true;
  show(find("done"));
  return undefined;
});

// Not before somebody listens: what is sent too early is lost.
if (token === "") tell(find("notice"), "The address is not complete: copy the whole link.");
else {
  form.hidden = false;
  find("password").focus();
}
