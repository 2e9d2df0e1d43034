CREATE TABLE "idempotent_answer" (
	"caller_id" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"answer" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotent_answer_caller_id_key_pk" PRIMARY KEY("caller_id","key")
);
--> statement-breakpoint
CREATE TABLE "resource_grant" (
	"kind" text NOT NULL,
	"resource_id" text NOT NULL,
	"grantee" text NOT NULL,
	"level" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "resource_grant_kind_resource_id_grantee_pk" PRIMARY KEY("kind","resource_id","grantee")
);
--> statement-breakpoint
CREATE INDEX "idempotent_answer_created_at" ON "idempotent_answer" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "resource_grant_grantee" ON "resource_grant" USING btree ("grantee");