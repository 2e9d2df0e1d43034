CREATE TABLE "key" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"admin" boolean DEFAULT false NOT NULL,
	"provider_id" text,
	"hmac" "bytea" NOT NULL,
	"pepper_id" text NOT NULL,
	"masked" text NOT NULL,
	"origin" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	CONSTRAINT "key_hmac_unique" UNIQUE("hmac")
);
--> statement-breakpoint
CREATE TABLE "provider" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"dialect" text,
	"base_url" text,
	"api_key_sealed" text,
	"models" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"models_declared" boolean DEFAULT false NOT NULL,
	"models_discovered_at" timestamp with time zone,
	"aliases" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"origin" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"removed_at" timestamp with time zone,
	CONSTRAINT "provider_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "usage_record" (
	"id" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"key_id" text NOT NULL,
	"key_name" text NOT NULL,
	"dialect" text NOT NULL,
	"stream" boolean NOT NULL,
	"requested_model" text NOT NULL,
	"model" text,
	"tier" text,
	"provider" text,
	"worker" text,
	"tries" integer NOT NULL,
	"input_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"cached_input_tokens" bigint NOT NULL,
	"cache_write_tokens" bigint NOT NULL,
	"reasoning_tokens" bigint NOT NULL,
	"usage_estimated" boolean NOT NULL,
	"queue_ms" integer NOT NULL,
	"first_token_ms" integer,
	"total_ms" integer NOT NULL,
	"outcome" text NOT NULL,
	"error_code" text,
	"status" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "key" ADD CONSTRAINT "key_provider_id_provider_id_fk" FOREIGN KEY ("provider_id") REFERENCES "public"."provider"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "usage_record_at" ON "usage_record" USING btree ("at");