// Draws a list of things with what can be done to each. Everything is text.

/** `items`: `{ title, badge, notes, actions: [{ text, label, isDanger, run }] }`. */
export function drawList(list, items, whenEmpty) {
  list.replaceChildren(...items.map(drawItem));
  if (items.length > 0) return;
  const item = document.createElement("li");
  item.append(makeElement("span", "quiet", whenEmpty));
  list.append(item);
}

function drawItem({ title, badge, notes = [], actions = [] }) {
  const item = document.createElement("li");
  const what = makeElement("div", "what");
  const head = makeElement("span", "", title);
  if (badge !== undefined) head.append(" ", makeElement("b", "badge", badge));
  what.append(head, ...notes.map((note) => makeElement("span", "quiet", note)));
  const buttons = makeElement("div", "actions");
  for (const { text, label, isDanger = false, run } of actions) {
    const button = makeElement("button", isDanger ? "small danger" : "small", text);
    button.type = "button";
    button.ariaLabel = label;
    button.addEventListener("click", run);
    buttons.append(button);
  }
  item.append(what, buttons);
  return item;
}

function makeElement(name, className, text = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}
