CREATE TABLE "stored_response" (
	"key_id" text NOT NULL,
	"id" text NOT NULL,
	"status" text NOT NULL,
	"background" boolean NOT NULL,
	"provider" text,
	"model" text,
	"held_upstream" boolean NOT NULL,
	"previous_id" text,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"alive_until" timestamp with time zone,
	"response" text NOT NULL,
	"input" text NOT NULL,
	"item_ids" text[] NOT NULL,
	"frames" text,
	CONSTRAINT "stored_response_key_id_id_pk" PRIMARY KEY("key_id","id")
);
--> statement-breakpoint
CREATE INDEX "stored_response_expires_at" ON "stored_response" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "stored_response_item_ids" ON "stored_response" USING gin ("item_ids");--> statement-breakpoint
CREATE INDEX "stored_response_running" ON "stored_response" USING btree ("alive_until") WHERE alive_until is not null;