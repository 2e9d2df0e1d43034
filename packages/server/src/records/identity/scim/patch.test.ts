import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilter } from "./filter.ts";
import { readPatch } from "./patch.ts";
import { changePerson, readPerson } from "./read-person.ts";

const before = readPerson({ userName: "ann@corp.example", displayName: "Ann", active: true });
const change = (...Operations: object[]) => changePerson(before, readPatch({ Operations }));

test("Entra ID's and Okta's ways to deactivate somebody mean the same", () => {
  for (const operation of [
    { op: "Replace", path: "active", value: "False" },
    { op: "replace", value: { active: false } },
    { op: "Replace", value: { active: "False" } },
    { op: "add", path: "active", value: [false] },
    { op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:active", value: false },
  ]) {
    assert.equal(change(operation).active, false, JSON.stringify(operation));
  }
  assert.equal(change({ op: "Replace", path: "active", value: "True" }).active, true);
  assert.throws(() => change({ op: "replace", path: "active", value: "perhaps" }), /active must be true or false/);
});

test("names and addresses change by path, by dotted names, by groups of names, and what is not kept is passed over", () => {
  assert.partialDeepStrictEqual(
    change(
      { op: "Add", path: 'emails[type eq "work"].value', value: "Ann.B@Corp.example" },
      {
        op: "Replace",
        value: {
          "name.givenName": "Ann",
          "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "R",
        },
      },
      { op: "replace", value: { name: { familyName: "B" }, title: "Dr" } },
      {
        op: "Replace",
        path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        value: { value: "x" },
      },
      { op: "remove", path: "externalId" },
      { op: "replace", path: "phoneNumbers", value: [{ value: "1" }] },
    ),
    { email: "ann.b@corp.example", givenName: "Ann", familyName: "B", externalId: null, userName: "ann@corp.example" },
  );
});

test("what is no change is refused with SCIM's word for it", () => {
  for (const [operations, scimType] of [
    [[], "invalidSyntax"],
    [[{ op: "move", path: "active" }], "invalidSyntax"],
    [[{ op: "remove" }], "noTarget"],
    [[{ op: "replace", value: "x" }], "invalidValue"],
    [[{ op: "replace", path: "a b[", value: "x" }], "invalidPath"],
    [[{ op: "replace", path: "userName", value: null }], "invalidValue"],
    [[{ op: "replace", path: "displayName", value: { x: 1 } }], "invalidValue"],
  ] as const) {
    assert.throws(() => change(...operations), { scimType }, JSON.stringify(operations));
  }
  assert.throws(() => readPatch({}), { scimType: "invalidSyntax" });
});

test("a person needs an address, and the work or primary one counts", () => {
  assert.throws(() => readPerson({ userName: "ann" }), /no e-mail address/);
  assert.throws(() => readPerson({ emails: [{ value: "a@b.example" }] }), /userName/);
  const emails = [
    { value: "home@x.example", type: "home" },
    { value: "work@x.example", type: "work" },
  ];
  assert.equal(readPerson({ userName: "ann", emails }).email, "work@x.example");
  assert.equal(
    readPerson({ userName: "ann", emails: [...emails, { value: "p@x.example", primary: "True" }] }).email,
    "p@x.example",
  );
  const name = { givenName: "Ann", familyName: "Bee" };
  assert.equal(readPerson({ userName: "a@x.example", name }).displayName, "Ann Bee");
});

test("filters are read as directories write them, and others are refused", () => {
  assert.deepEqual(parseFilter('userName eq "a\\"b@x.example"'), [{ attribute: "username", value: 'a"b@x.example' }]);
  assert.deepEqual(parseFilter('emails[type eq "work"].value EQ "a@x"'), [{ attribute: "emails.value", value: "a@x" }]);
  assert.deepEqual(parseFilter('id eq "g" and members eq "u"'), [
    { attribute: "id", value: "g" },
    { attribute: "members", value: "u" },
  ]);
  assert.deepEqual(parseFilter("active eq true"), [{ attribute: "active", value: "true" }]);
  for (const wrong of ["", "userName", 'userName co "a"', 'a eq "b" or c eq "d"', 'a eq "b" and', "a eq b"]) {
    assert.throws(() => parseFilter(wrong), { scimType: "invalidFilter" }, wrong);
  }
});
