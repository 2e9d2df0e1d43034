// The style of the API page: light and dark, from a phone's width on. No fonts, pictures or scripts.

/** Goes between `<style>` and `</style>` as it is: the page's security policy has its hash. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1c2024, #e6e8eb);
  --quiet: light-dark(#5a6169, #a3abb4);
  --paper: light-dark(#ffffff, #14171a);
  --soft: light-dark(#f3f5f7, #1e2226);
  --line: light-dark(#d9dde1, #343a40);
  --link: light-dark(#0b57c4, #7db4ff);
  --read: light-dark(#1a6b3c, #6fce98);
  --write: light-dark(#8a4b00, #f0b35f);
  --remove: light-dark(#b3261e, #ff8f87);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
}
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--paper); z-index: 1; }
h1, h2, h3 { line-height: 1.25; margin: 0 0 .5rem; }
h1 { font-size: 1.75rem; }
h2 { font-size: 1.4rem; margin-top: 2.5rem; padding-bottom: .35rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1.1rem; }
h4 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: 0 0 .75rem; max-width: 46rem; }
.quiet { color: var(--quiet); }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; }
pre {
  margin: 0 0 .5rem; padding: .65rem .8rem; background: var(--soft); border: 1px solid var(--line);
  border-radius: 6px; white-space: pre-wrap;
}
figure { margin: 0; }
figcaption { color: var(--quiet); font-size: .85rem; }
article { margin: 1.5rem 0; padding-bottom: .5rem; border-bottom: 1px solid var(--line); }
article h3 a, h2 a { color: inherit; text-decoration: none; }
article h3 a:hover, h2 a:hover { text-decoration: underline; }
.method { font-weight: 700; color: var(--write); }
.get { color: var(--read); }
.delete { color: var(--remove); }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
nav ul ul { display: none; }
nav a { display: inline-block; min-height: 1.75rem; }
table { width: 100%; table-layout: fixed; border-collapse: collapse; margin: .25rem 0 1rem; font-size: .925rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); }
thead th:first-child { width: 15rem; }
thead th.place { width: 5rem; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; }
tbody th { font-weight: 400; }
.needed { color: var(--remove); font-size: .85em; }
footer { margin-top: 3rem; color: var(--quiet); }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 0 3rem; padding: 2rem; }
  header, footer { grid-column: 2; }
  nav { grid-column: 1; grid-row: 1 / span 3; position: sticky; top: 2rem; max-height: calc(100vh - 4rem); overflow-y: auto; align-self: start; }
  nav ul, nav ul ul { display: block; }
  nav > ul > li { margin-bottom: .75rem; }
  nav ul ul { padding-left: .75rem; font-size: .925rem; }
}
@media (max-width: 30rem) {
  .place { display: none; }
  thead th:first-child { width: 42%; }
  th, td { padding-right: .5rem; }
}
@media print { nav, .skip { display: none; } }
`;
