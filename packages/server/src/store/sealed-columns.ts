// The list of columns that hold sealed texts: a rotation of the secret key seals them all anew. Each new one needs a line,
// and a test tells which is missing.

export type SealedColumn = {
  readonly table: string;
  readonly column: string;
  /** Name a row; with spaces between, their values are the `row` of `nameContext`. */
  readonly key: readonly string[];
  /** What becomes of it when its secret key is lost for good. */
  readonly whenLost: "delete row" | "clear";
};

export const sealedColumns: readonly SealedColumn[] = [
  { table: "provider", column: "api_key_sealed", key: ["id"], whenLost: "clear" },
  { table: "secret", column: "value_sealed", key: ["id"], whenLost: "delete row" },
  { table: "sso_provider", column: "client_secret_sealed", key: ["id"], whenLost: "delete row" },
  { table: "working_key", column: "value_sealed", key: ["id"], whenLost: "delete row" },
  { table: "idempotent_answer", column: "answer", key: ["caller_id", "key"], whenLost: "delete row" },
];
