import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergeRoot } from "./merge-root.ts";

const text = { type: "string" };
const number = { type: "number" };

describe("a tool whose arguments are one of several objects", () => {
  it("becomes one object with the fields of all, and only what all demand is demanded", () => {
    const merged = mergeRoot({
      description: "A place.",
      anyOf: [
        { type: "object", properties: { city: text, unit: text }, required: ["unit", "city"] },
        { type: "object", properties: { lat: number, unit: text }, required: ["lat", "unit"] },
      ],
    });
    assert.deepEqual(merged, {
      type: "object",
      description: "A place.\n\nGive the fields of one of these: (unit, city) or (lat, unit).",
      properties: { city: text, unit: text, lat: number },
      required: ["unit"],
    });
  });

  it("demands what every part of an allOf demands, and keeps its own fields", () => {
    const merged = mergeRoot({
      type: "object",
      properties: { id: text },
      required: ["id"],
      additionalProperties: false,
      allOf: [{ properties: { a: text }, required: ["a"] }, { properties: { b: text } }],
    });
    assert.deepEqual(merged, {
      type: "object",
      additionalProperties: false,
      properties: { id: text, a: text, b: text },
      required: ["id", "a"],
    });
  });

  it("lets a field be either where alternatives describe it differently", () => {
    const merged = mergeRoot({
      oneOf: [text, number, text].map((id) => ({ type: "object", properties: { id }, required: ["id"] })),
    });
    assert.deepEqual(merged["properties"], { id: { anyOf: [text, number] } });
    assert.deepEqual(merged["required"], ["id"]);
  });

  it("follows references, at the top and in alternatives, and is not caught in circles", () => {
    const $defs = { "a/b": { type: "object", properties: { x: text }, required: ["x"] }, c: { $ref: "#/$defs/c" } };
    assert.deepEqual(mergeRoot({ $ref: "#/$defs/a~1b", $defs }), {
      $defs,
      type: "object",
      properties: { x: text },
      required: ["x"],
    });
    const anyOf = [
      { $ref: "#/$defs/a~1b" },
      { $ref: "#/$defs/c" },
      { $ref: "https://a.test/x" },
      { $ref: "#" },
      { type: "string" },
      "no",
    ];
    assert.deepEqual(mergeRoot({ anyOf, $defs })["properties"], { x: text });
    assert.deepEqual(mergeRoot({ $ref: "#/anyOf/0", anyOf: [{ $ref: "#/anyOf/0" }] })["properties"], {});
  });

  it("is not asked less by alternatives that are no objects", () => {
    const anyOf = [{ type: "object", properties: { a: text }, required: ["a"] }, text, { type: ["array", "null"] }];
    assert.deepEqual(mergeRoot({ anyOf })["required"], ["a"]);
  });

  it("is read in a moment even where every alternative refers to all others", () => {
    const names = Array.from({ length: 60 }, (_, at) => `d${at}`);
    const anyOf = names.map((name) => ({ $ref: `#/$defs/${name}` }));
    const $defs = Object.fromEntries(names.map((name) => [name, { properties: { [name]: text }, anyOf }]));
    assert.equal(Object.keys(mergeRoot({ anyOf, $defs })["properties"] as object).length, 60);
  });

  it("is not touched when only its fields hold alternatives", () => {
    const schema = { type: "object", properties: { a: { anyOf: [text, number] } } };
    assert.equal(mergeRoot(schema), schema);
  });
});
