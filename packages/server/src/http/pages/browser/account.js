// The page on a person's own account.

import { showAuthenticator } from "./account-authenticator.js";
import { showPasskeysOf } from "./account-passkeys.js";
import { showSessions } from "./account-sessions.js";
import { ask } from "./ask.js";
import { handleButton, handleForm, tell } from "./form.js";
import { goToSignIn, readPerson } from "./session.js";

const find = (id) => document.querySelector(`#${id}`);
const roles = { owner: "Owner", admin: "Administrator", member: "Member" };

function showPassword({ hasPassword, email }) {
  const form = find("password-form");
  const notice = form.querySelector(".notice");
  find("no-password").hidden = hasPassword;
  form.hidden = !hasPassword;
  find("password-username").value = email;
  handleForm(form, notice, async ({ currentPassword, newPassword }) => {
    const sent = { currentPassword, newPassword, revokeOtherSessions: true };
    const { problem } = await ask("/api/auth/change-password", sent);
    if (problem !== undefined) return problem;
    form.reset();
    tell(notice, "Your password is changed, and your other sessions ended.", "good");
    await showSessions();
    return undefined;
  });
}

handleButton(find("sign-out"), find("notice"), async () => {
  const { problem } = await ask("/api/auth/sign-out", {});
  if (problem === undefined) location.replace("/sign-in");
  return problem;
});

const { person, problem } = await readPerson();
if (problem !== undefined) tell(find("notice"), problem.detail);
else if (person === undefined) goToSignIn();
else {
  find("name").textContent = person.name;
  find("email").textContent = person.email;
  find("role").textContent = roles[person.orgRole];
  find("sign-out").hidden = false;
  showPassword(person);
  const count = await showPasskeysOf(person);
  await Promise.all([showAuthenticator(person), showSessions()]);
  if (count === 0 && !person.hasPassword && !person.hasProvider) {
    tell(
      find("notice"),
      "You have neither a passkey nor a password. Add a passkey now, or you cannot come back.",
      "care",
    );
  }
  find("account").hidden = false;
}
