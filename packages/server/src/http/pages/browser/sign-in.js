// The page people sign in at.

import { ask } from "./ask.js";
import { clearErrors, handleButton, handleForm, show, tell } from "./form.js";
import { readOwnPath } from "./own-path.js";
import { canOfferWhileTyping, findPasskeyObstacle, signInWithPasskey } from "./passkeys.js";
import { readPerson } from "./session.js";

const find = (id) => document.querySelector(`#${id}`);
const notice = find("notice");
const returnTo = readOwnPath(new URLSearchParams(location.search).get("returnTo"));
let usesBackupCode = false;
let offering = new AbortController();

const goOn = () => location.replace(returnTo);

function change(from, to) {
  from.hidden = true;
  tell(notice, "");
  show(to);
}

function showMethods({ password, passwordReset, sso }) {
  find("password-form").hidden = !password;
  find("forgot").hidden = !passwordReset;
  for (const { name, label } of sso) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = `/api/auth/sso/${encodeURIComponent(name)}/start?returnTo=${encodeURIComponent(returnTo)}`;
    link.textContent = `Sign in with ${label}`;
    find("others").append(link);
  }
  const obstacle = findPasskeyObstacle();
  // Where only a passkey would open, people are told why it does not; elsewhere there is nothing to press.
  find("passkey-button").hidden = obstacle !== undefined;
  find("or").hidden = !password || (obstacle !== undefined && sso.length === 0);
  if (obstacle !== undefined && !password && sso.length === 0) tell(notice, obstacle);
}

/** The browser offers passkeys in the field for the address, for as long as the page is there. */
async function offerPasskeys() {
  if (find("password-form").hidden || !(await canOfferWhileTyping())) return;
  offering = new AbortController();
  const { body, problem } = await signInWithPasskey({ mediation: "conditional", signal: offering.signal });
  if (body !== undefined) goOn();
  // What the browser says, nobody asked for.
  else if (problem !== undefined && problem.status > 0) tell(notice, problem.detail);
}

handleForm(find("password-form"), notice, async (values) => {
  const { body, problem } = await ask("/api/auth/sign-in/email", values);
  if (problem !== undefined) return problem;
  if (body.twoFactorRedirect !== true) return goOn();
  offering.abort();
  change(find("first"), find("code-form"));
  find("code").focus();
  return undefined;
});

handleForm(find("code-form"), notice, async ({ code }) => {
  const path = usesBackupCode ? "verify-backup-code" : "verify-totp";
  const text = usesBackupCode ? code.trim() : code.replaceAll(/\s/g, "");
  const { problem } = await ask(`/api/auth/two-factor/${path}`, { code: text });
  return problem ?? goOn();
});

find("other-code").addEventListener("click", () => {
  usesBackupCode = !usesBackupCode;
  clearErrors(find("code-form"), notice);
  find("code").value = "";
  find("code").inputMode = usesBackupCode ? "text" : "numeric";
  find("code-label").textContent = usesBackupCode ? "Backup code" : "Code";
  find("code-about").textContent = usesBackupCode
    ? "Type one of the codes you kept when you set up the app. Each works once."
    : "Open your authenticator app and type the six digits it shows for Auxot.";
  find("other-code").textContent = usesBackupCode ? "Use the app" : "Use a backup code";
  find("code").focus();
});

find("start-again").addEventListener("click", () => {
  find("password").value = "";
  change(find("code-form"), find("first"));
  find("email").focus();
  void offerPasskeys();
});

handleButton(find("passkey-button"), notice, async () => {
  offering.abort();
  const { problem } = await signInWithPasskey();
  if (problem === undefined) return goOn();
  void offerPasskeys();
  return problem;
});

find("forgot-button").addEventListener("click", () => {
  find("forgot-email").value = find("email").value;
  change(find("first"), find("forgot-form"));
  find("forgot-email").focus();
});

find("forgot-back").addEventListener("click", () => change(find("forgot-form"), find("first")));

handleForm(find("forgot-form"), notice, async (values) => {
  const { body, problem } = await ask("/api/auth/request-password-reset", values);
  if (problem !== undefined) return problem;
  change(find("forgot-form"), find("first"));
  tell(notice, body.message, "good");
  return undefined;
});

async function greet() {
  const [{ person }, setup] = await Promise.all([readPerson(), ask("/api/setup")]);
  const known = find("known");
  const link = document.createElement("a");
  if (person !== undefined) {
    link.href = returnTo;
    link.textContent = "Go on";
    known.append(`You are signed in as ${person.name}. `, link, " or sign in again.");
  } else if (setup.body?.needed === true) {
    link.href = "/setup";
    link.textContent = "Make the owner's account";
    known.append("Nobody has an account here yet. ", link, ": the router's log shows the link with its token.");
  } else return;
  known.hidden = false;
}

void greet();
const methods = await ask("/api/auth/methods");
if (methods.problem === undefined) showMethods(methods.body);
else tell(notice, methods.problem.detail);
// Not before somebody listens: what is sent too early is lost.
find("first").hidden = false;
if (!find("password-form").hidden) find("email").focus();
await offerPasskeys();
