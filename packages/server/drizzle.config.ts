// Where `npm run new:migration` finds the tables and puts the SQL. Runs from the repository root.

import { defineConfig } from "drizzle-kit";

// oxlint-disable-next-line import/no-default-export -- drizzle-kit reads the default export
export default defineConfig({
  dialect: "postgresql",
  schema: ["./packages/server/src/store/schema.ts", "./packages/server/src/store/tables/*.ts"],
  out: "./packages/server/src/store/migrations",
});
