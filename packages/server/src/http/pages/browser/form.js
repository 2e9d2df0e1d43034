// Owns how forms behave: they are sent by script, mistakes stand beside their fields and are read aloud, and a form that
// is being sent is not sent twice. Knows no page.

/**
 * `send` gets the fields by name and gives a problem, or nothing when all went well. A problem's errors go to the fields
 * of their paths, everything else into `notice`.
 */
export function handleForm(form, notice, send) {
  for (const input of form.querySelectorAll("input[type=password]")) addReveal(input);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    clearErrors(form, notice);
    const missing = listFields(form).filter((field) => !field.checkValidity());
    if (missing.length > 0) {
      for (const field of missing) showFieldError(field, field.validationMessage);
      missing[0].focus();
      return;
    }
    await whileBusy(form, async () => {
      const problem = await send(Object.fromEntries(new FormData(form)));
      if (problem !== undefined) showProblem(form, notice, problem);
    });
  });
}

/** A button that does one thing at a time. `work` gives a problem, or nothing. */
export function handleButton(button, notice, work) {
  button.addEventListener("click", async () => {
    if (button.ariaBusy === "true") return;
    tell(notice, "");
    await whileBusy(button, async () => {
      const problem = await work();
      if (problem !== undefined) tell(notice, problem.detail);
    });
  });
}

/** `kind`: bad, good or care. No text: nothing is shown. */
export function tell(notice, text, kind = "bad") {
  notice.className = `notice ${kind}`;
  notice.textContent = text;
}

/** Shows what comes next and puts the reader there. */
export function show(part) {
  part.hidden = false;
  part.querySelector("[tabindex='-1']")?.focus();
}

export function clearErrors(form, notice) {
  tell(notice, "");
  for (const field of listFields(form)) {
    field.removeAttribute("aria-invalid");
    const error = document.querySelector(`#${field.id}-error`);
    if (error !== null) error.textContent = "";
  }
}

async function whileBusy(part, work) {
  const buttons = part instanceof HTMLButtonElement ? [part] : [...part.querySelectorAll("button")];
  part.ariaBusy = "true";
  // Not `disabled`, which would take the focus away.
  for (const button of buttons) button.ariaDisabled = "true";
  try {
    await work();
  } finally {
    part.ariaBusy = "false";
    for (const button of buttons) button.ariaDisabled = "false";
  }
}

function showProblem(form, notice, { detail, errors }) {
  const found = errors.map(({ path, message }) => ({ field: form.elements.namedItem(path), message }));
  const placed = found.filter(({ field }) => field instanceof HTMLInputElement && isShown(field));
  for (const { field, message } of placed) showFieldError(field, message);
  if (placed.length < errors.length || errors.length === 0) tell(notice, detail);
  placed[0]?.field.focus();
}

function showFieldError(field, message) {
  const id = `${field.id}-error`;
  let error = document.querySelector(`#${id}`);
  if (error === null) {
    error = document.createElement("p");
    error.id = id;
    error.className = "field-error";
    field.closest(".field").append(error);
    field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  }
  error.textContent = `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
  field.setAttribute("aria-invalid", "true");
}

function listFields(form) {
  return [...form.elements].filter((field) => field instanceof HTMLInputElement && isShown(field));
}

function isShown(field) {
  return field.closest("[hidden]") === null && !field.disabled;
}

function addReveal(input) {
  const box = document.createElement("div");
  box.className = "secret";
  input.replaceWith(box);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show";
  button.ariaLabel = "Show the password";
  button.ariaPressed = "false";
  button.addEventListener("click", () => {
    const isShownNow = input.type === "password";
    input.type = isShownNow ? "text" : "password";
    button.ariaPressed = String(isShownNow);
    button.textContent = isShownNow ? "Hide" : "Show";
  });
  box.append(input, button);
}
