import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const root = path.join(import.meta.dirname, "..");

/** Markdown files that git knows or would add. */
function listPages(): string[] {
  const question = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"];
  const listed = execFileSync("git", question, { cwd: root, encoding: "utf8" });
  return [...new Set(listed.split("\0"))].filter((page) => page !== "" && existsSync(path.join(root, page)));
}

/** What is shown as code is no link and no heading. */
function readProse(page: string): string {
  return readFileSync(page, "utf8").replaceAll(/^(`{3,}).*?^\1$/gms, "");
}

/** The anchor GitHub gives a heading. */
function toAnchor(heading: string): string {
  const words = heading.trim().toLowerCase();
  return words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

function hasAnchor(page: string, anchor: string): boolean {
  return [...readProse(page).matchAll(/^#{1,6} (.*)$/gm)].some(([, heading]) => toAnchor(heading ?? "") === anchor);
}

function isBroken(page: string, link: string): boolean {
  const [target = "", anchor] = link.split("#");
  const file = target === "" ? page : path.join(path.dirname(page), target);
  if (!existsSync(file)) return true;
  return anchor !== undefined && !hasAnchor(file, anchor);
}

test("every link from one page to another leads somewhere", () => {
  const broken = listPages().flatMap((name) => {
    const page = path.join(root, name);
    const links = [...readProse(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? "");
    return links.filter((link) => !/^[a-z]+:/.test(link) && isBroken(page, link)).map((link) => `${name}: ${link}`);
  });
  assert.deepEqual(broken, []);
});
