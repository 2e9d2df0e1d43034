// Owns the one dialog of a page: a question, or a question with a text to type. Knows no page's matter.

const find = (id) => document.querySelector(`#${id}`);

/** The typed text; "" where nothing is to be typed; undefined when the person thought better of it. */
export function askPerson({ title, text = "", yes, value, isDanger = false }) {
  const dialog = find("dialog");
  find("dialog-title").textContent = title;
  find("dialog-text").textContent = text;
  find("dialog-text").hidden = text === "";
  find("dialog-yes").textContent = yes;
  find("dialog-yes").className = isDanger ? "danger" : "main";
  find("dialog-field").hidden = value === undefined;
  find("dialog-input").value = value ?? "";
  const { promise, resolve } = Promise.withResolvers();
  const over = new AbortController();
  const listen = (part, event, react) => part.addEventListener(event, react, { signal: over.signal });
  listen(find("dialog-form"), "submit", (event) => {
    event.preventDefault();
    const given = find("dialog-input").value.trim();
    if (value !== undefined && given === "") return;
    resolve(value === undefined ? "" : given);
    dialog.close();
  });
  listen(find("dialog-no"), "click", () => dialog.close());
  // The Escape key closes it too.
  listen(dialog, "close", () => {
    over.abort();
    resolve(undefined);
  });
  dialog.showModal();
  if (value === undefined) find("dialog-no").focus();
  else find("dialog-input").select();
  return promise;
}
