import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freePrice, type Price } from "@auxot/wire/price";
import { noUsage } from "@auxot/wire/usage";
import { createOrgCaller, type Caller } from "../platform/caller.ts";
import { describeOwner, readCosts } from "./usage-row.ts";

const usage = { ...noUsage, inputTokens: 1000 };
const dear: Price = { inputMicroUsd: 5_000_000, outputMicroUsd: 0, requestMicroUsd: 1 };
const gpu = { tier: "gpu", provider: "gpu", worker: "rack", model: "m" } as const;
const cloud = { tier: "cloud", provider: "openai", model: "m" } as const;

function price(own: Price | undefined, other: Price | undefined) {
  return { priceOf: () => own, cloudPriceOf: () => other };
}

const team = (id: string) => ({ id, name: id, role: "member" }) as const;
function own(more: Partial<Caller>): Caller {
  return { ...createOrgCaller("key_1", "app", false), ...more };
}

describe("what a request cost", () => {
  it("is what its tokens cost, and a local one saved what the cloud would have cost", () => {
    assert.deepEqual(readCosts(price(dear, undefined), cloud, usage, 0), { costMicroUsd: 5001 });
    assert.deepEqual(readCosts(price(freePrice, dear), gpu, usage, 0), { costMicroUsd: 0, savedMicroUsd: 5001 });
    assert.deepEqual(readCosts(price(dear, freePrice), gpu, usage, 0), { costMicroUsd: 5001, savedMicroUsd: -5001 });
  });

  it("is unknown where nobody knows the price, and nothing where nothing came", () => {
    assert.deepEqual(readCosts(price(undefined, dear), gpu, usage, 0), {});
    assert.deepEqual(readCosts(price(dear, dear), undefined, usage, 0), { costMicroUsd: 0 });
    assert.deepEqual(readCosts(price(dear, dear), cloud, undefined, 0), { costMicroUsd: 0 });
  });

  it("is asked for by the time the request began", () => {
    const asked: number[] = [];
    const note = ({ at }: { readonly at: number }) => {
      asked.push(at);
      return dear;
    };
    readCosts({ priceOf: note, cloudPriceOf: note }, gpu, usage, 77);
    assert.deepEqual(asked, [77, 77]);
  });
});

describe("whom a request counts for", () => {
  it("is the principal of its key, and its one team", () => {
    const user = { type: "user", id: "usr_1" } as const;
    assert.deepEqual(describeOwner(own({})), { keyId: "key_1", keyName: "app" });
    assert.partialDeepStrictEqual(describeOwner(own({ principal: user, teams: [team("tem_1")] })), {
      ownerId: "usr_1",
      teamId: "tem_1",
    });
  });

  it("is no team for a person of several, until a team's own key says which", () => {
    const teams = [team("tem_1"), team("tem_2")];
    assert.equal(describeOwner(own({ principal: { type: "user", id: "usr_1" }, teams })).teamId, undefined);
    assert.equal(describeOwner(own({ principal: { type: "team", id: "tem_2" }, teams })).teamId, "tem_2");
  });
});
