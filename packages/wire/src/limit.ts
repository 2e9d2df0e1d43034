// What may be used: the words of limits, and what a caller is told of them. Counting is the router's.

import { z } from "zod";

/** Who a limit is for. `org` is the whole installation. */
export const limitSubjectTypes = ["org", "team", "user", "service", "key"] as const;
export type LimitSubjectType = (typeof limitSubjectTypes)[number];

/** `tokens` are those of prompt and answer together; `money` is micro-dollars; `concurrency` is requests under way. */
export const limitMeasures = ["requests", "tokens", "concurrency", "money"] as const;
export type LimitMeasure = (typeof limitMeasures)[number];

/** A minute is any 60 seconds; the others are of the calendar, in UTC, weeks from Monday. */
export const limitWindows = ["minute", "day", "week", "month"] as const;
export type LimitWindow = (typeof limitWindows)[number];

/**
 * What happens to a request that does not fit. `warn`: it is answered with a warning. `local-only`: GPU and CLI workers
 * answer it, no cloud. `throttle`: it waits a moment for its turn. `block`: it is refused.
 */
export const limitActions = ["warn", "local-only", "throttle", "block"] as const;
export type LimitAction = (typeof limitActions)[number];

/** The id of the organisation's subject is "". */
export const limitSubjectSchema = z
  .strictObject({ type: z.enum(limitSubjectTypes), id: z.string().max(200).default("") })
  .refine(({ type, id }) => (type === "org") === (id === ""), {
    path: ["id"],
    error: ({ input }) =>
      (input as { readonly type?: string }).type === "org"
        ? 'A limit for "org" takes no id: it is for everybody.'
        : "Say whom the limit is for: the id of the team, user, service account or key.",
  });
export type LimitSubject = Readonly<z.infer<typeof limitSubjectSchema>>;

/** A model's id or `provider/id`; `*` at the end stands for anything. */
export const modelPatternSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^*]*\*?$/, 'Write a model\'s id or "provider/id"; "*" may stand at the end only.');

/** Micro-dollars for `money`. A billion dollars, or a million milliard tokens, is no limit any more. */
export const limitAmountSchema = z.int().min(0).max(1_000_000_000_000_000);

const limitShape = z.strictObject({
  subject: limitSubjectSchema,
  measure: z.enum(limitMeasures),
  /** Null for `concurrency`, which has none. */
  window: z.enum(limitWindows).nullable().default(null),
  amount: limitAmountSchema,
  action: z.enum(limitActions).default("block"),
  /** Only requests that such a model answers count. Null: all. */
  model: modelPatternSchema.nullable().default(null),
});

/** All of a limit that a person says. */
export const newLimitSchema = limitShape.superRefine((limit, context) => {
  const problem = findContradiction(limit);
  if (problem !== undefined) context.addIssue({ code: "custom", ...problem, path: [...problem.path] });
});
export type NewLimit = Readonly<z.infer<typeof newLimitSchema>>;

/** Nested limits all count: a request has to fit into every one that is for its key, its owner, their teams or everybody. */
export type Limit = NewLimit & { readonly id: string };

/** A minute's limits and concurrency are rates: soon there is room again. The others are budgets, spent until they begin anew. */
export function isRate({ window }: Pick<NewLimit, "window">): boolean {
  return window === null || window === "minute";
}

/** What of a limit cannot be together, at the field that should change. */
export function findContradiction(
  limit: Pick<NewLimit, "measure" | "window" | "action">,
): { readonly path: readonly string[]; readonly message: string } | undefined {
  const { measure, window, action } = limit;
  if (measure === "concurrency" && window !== null)
    return { path: ["window"], message: "concurrency counts what runs at once and has no window: leave it out." };
  if (measure !== "concurrency" && window === null)
    return { path: ["window"], message: `Say in which window ${measure} count: ${limitWindows.join(", ")}.` };
  if (measure === "money" && window === "minute")
    return { path: ["window"], message: "Money is counted by day, week or month." };
  if (action === "throttle" && !isRate(limit)) {
    return {
      path: ["action"],
      message: `throttle is for limits a minute and for concurrency: nobody can wait for a new ${window}. Use block, local-only or warn.`,
    };
  }
  return undefined;
}

/** Whether requests that `provider`'s `model` answers count for a limit with this pattern. */
export function matchesPattern(pattern: string | null, { provider, model }: PlaceName): boolean {
  if (pattern === null) return true;
  if (!pattern.endsWith("*")) return pattern === model || pattern === `${provider}/${model}`;
  const start = pattern.slice(0, -1);
  return model.startsWith(start) || `${provider}/${model}`.startsWith(start);
}

type PlaceName = { readonly provider: string; readonly model: string };

/** What is left to a caller of its tightest limit of a measure. */
export type AllowanceLine = {
  readonly amount: number;
  /** Never negative. */
  readonly remaining: number;
  /** Until all of it is there again. */
  readonly resetsInMs: number;
};

/** What a caller's limits leave to it, as answers tell it in headers. Without a line: nothing limits that. */
export type Allowance = { readonly requests?: AllowanceLine; readonly tokens?: AllowanceLine };
