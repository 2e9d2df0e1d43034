CREATE TABLE "content_setting" (
	"scope" text PRIMARY KEY NOT NULL,
	"level" text NOT NULL,
	"retention_days" integer NOT NULL,
	"words" text[] NOT NULL,
	"version" integer NOT NULL,
	"updated_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "request_content" (
	"request_id" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"key_id" text NOT NULL,
	"owner_id" text,
	"team_id" text,
	"level" text NOT NULL,
	"request" text NOT NULL,
	"answer" text,
	"truncated" boolean NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "request_content_expires_at" ON "request_content" USING btree ("expires_at");