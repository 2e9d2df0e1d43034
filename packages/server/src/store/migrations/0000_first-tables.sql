CREATE TABLE "key" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"kind" text NOT NULL,
	"owner_id" text,
	"team_id" text,
	"admin" boolean DEFAULT false NOT NULL,
	"provider_id" text,
	"hmac" "bytea" NOT NULL,
	"pepper_id" text NOT NULL,
	"previous_hmac" "bytea",
	"previous_until" timestamp with time zone,
	"masked" text NOT NULL,
	"scopes" text[],
	"models" text[],
	"agents" text[],
	"ip_ranges" text[],
	"origin" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"last_used_from" text,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "key_hmac_unique" UNIQUE("hmac"),
	CONSTRAINT "key_previous_hmac_unique" UNIQUE("previous_hmac")
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
CREATE TABLE "audit_anchor" (
	"kind" text NOT NULL,
	"seq" bigint NOT NULL,
	"hash" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"key_id" text NOT NULL,
	"signature" text NOT NULL,
	CONSTRAINT "audit_anchor_kind_seq_pk" PRIMARY KEY("kind","seq")
);
--> statement-breakpoint
CREATE TABLE "audit_entry" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor_type" text NOT NULL,
	"actor_id" text NOT NULL,
	"actor_name" text NOT NULL,
	"key_id" text NOT NULL,
	"action" text NOT NULL,
	"target_kind" text,
	"target_id" text,
	"target_name" text,
	"outcome" text NOT NULL,
	"reason" text,
	"face" text NOT NULL,
	"ip" text,
	"user_agent" text,
	"request_id" text,
	"before" text,
	"after" text,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_entry_id_unique" UNIQUE("id")
);
--> statement-breakpoint
CREATE TABLE "audit_head" (
	"id" integer PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	"cut_seq" bigint NOT NULL,
	"cut_hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "delivery_stream" (
	"name" text PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL,
	"owner" text,
	"owned_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "webhook_event" (
	"id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"body" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"state" text NOT NULL,
	"tries" integer NOT NULL,
	"next_try_at" timestamp with time zone NOT NULL,
	"delivered_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "device_grant" (
	"id" text PRIMARY KEY NOT NULL,
	"device_code_hash" text NOT NULL,
	"user_code" text NOT NULL,
	"client" text NOT NULL,
	"status" text NOT NULL,
	"user_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"last_polled_at" timestamp with time zone,
	CONSTRAINT "device_grant_device_code_hash_unique" UNIQUE("device_code_hash"),
	CONSTRAINT "device_grant_user_code_unique" UNIQUE("user_code")
);
--> statement-breakpoint
CREATE TABLE "one_time_link" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"token_hash" text NOT NULL,
	"email" text NOT NULL,
	"user_id" text,
	"org_role" text,
	"teams" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_by" text NOT NULL,
	"created_by_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "one_time_link_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "passkey" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text,
	"user_id" text NOT NULL,
	"credential_id" text NOT NULL,
	"public_key" text NOT NULL,
	"counter" bigint NOT NULL,
	"device_type" text NOT NULL,
	"backed_up" boolean NOT NULL,
	"transports" text,
	"aaguid" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "passkey_credential_id_unique" UNIQUE("credential_id")
);
--> statement-breakpoint
CREATE TABLE "saml_answer" (
	"provider_id" text NOT NULL,
	"assertion_id" text NOT NULL,
	"request_id" text NOT NULL,
	"relay_state" text NOT NULL,
	"token_hash" text NOT NULL,
	"claims" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "saml_answer_provider_id_assertion_id_pk" PRIMARY KEY("provider_id","assertion_id"),
	CONSTRAINT "saml_answer_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "scim_group" (
	"id" text PRIMARY KEY NOT NULL,
	"external_id" text,
	"display_name" text NOT NULL,
	"team_id" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "scim_group_member" (
	"group_id" text NOT NULL,
	"user_id" text NOT NULL,
	CONSTRAINT "scim_group_member_group_id_user_id_pk" PRIMARY KEY("group_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "scim_token" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"hash" text NOT NULL,
	"masked" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "scim_token_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "scim_user" (
	"user_id" text PRIMARY KEY NOT NULL,
	"user_name" text NOT NULL,
	"external_id" text,
	"given_name" text,
	"family_name" text,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"removed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "sign_in_challenge" (
	"id" text PRIMARY KEY NOT NULL,
	"identifier" text NOT NULL,
	"value" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_in_method" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"provider_id" text NOT NULL,
	"user_id" text NOT NULL,
	"access_token" text,
	"refresh_token" text,
	"id_token" text,
	"access_token_expires_at" timestamp with time zone,
	"refresh_token_expires_at" timestamp with time zone,
	"scope" text,
	"password" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sso_provider" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text DEFAULT 'oidc' NOT NULL,
	"issuer" text,
	"client_id" text,
	"client_secret_sealed" text,
	"settings" jsonb NOT NULL,
	"origin" text NOT NULL,
	"enabled" boolean DEFAULT false NOT NULL,
	"tested_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sso_provider_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "two_factor" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"secret" text NOT NULL,
	"backup_codes" text NOT NULL,
	"verified" boolean DEFAULT true NOT NULL,
	"failed_verification_count" integer DEFAULT 0 NOT NULL,
	"locked_until" timestamp with time zone,
	CONSTRAINT "two_factor_user_id_unique" UNIQUE("user_id")
);
--> statement-breakpoint
CREATE TABLE "user_account" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"email_verified" boolean DEFAULT false NOT NULL,
	"name" text NOT NULL,
	"image" text,
	"origin" text NOT NULL,
	"two_factor_enabled" boolean DEFAULT false NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_sign_in_at" timestamp with time zone,
	"deactivated_at" timestamp with time zone,
	CONSTRAINT "user_account_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "user_session" (
	"id" text PRIMARY KEY NOT NULL,
	"token" text NOT NULL,
	"user_id" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"ip_address" text,
	"user_agent" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_session_token_unique" UNIQUE("token")
);
--> statement-breakpoint
CREATE TABLE "ring_key" (
	"id" text PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"current_since" timestamp with time zone NOT NULL,
	"retired_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "working_key" (
	"id" text PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"value_sealed" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"active_from" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "licence" (
	"id" integer PRIMARY KEY NOT NULL,
	"text" text NOT NULL,
	"installed_at" timestamp with time zone NOT NULL,
	"installed_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "limit_alert" (
	"id" text PRIMARY KEY NOT NULL,
	"limit_id" text NOT NULL,
	"subject_type" text NOT NULL,
	"subject_id" text NOT NULL,
	"measure" text NOT NULL,
	"per" text NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"percent" integer NOT NULL,
	"used" bigint NOT NULL,
	"amount" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "limit_lease" (
	"limit_id" text NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"holder_id" text NOT NULL,
	"granted" bigint NOT NULL,
	"spent" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "limit_lease_limit_id_window_start_holder_id_pk" PRIMARY KEY("limit_id","window_start","holder_id")
);
--> statement-breakpoint
CREATE TABLE "raise_request" (
	"id" text PRIMARY KEY NOT NULL,
	"limit_id" text NOT NULL,
	"asked_by_id" text NOT NULL,
	"asked_by_name" text NOT NULL,
	"amount" bigint NOT NULL,
	"reason" text NOT NULL,
	"state" text NOT NULL,
	"decided_by_name" text,
	"note" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "usage_limit" (
	"id" text PRIMARY KEY NOT NULL,
	"subject_type" text NOT NULL,
	"subject_id" text NOT NULL,
	"measure" text NOT NULL,
	"per" text,
	"amount" bigint NOT NULL,
	"action" text NOT NULL,
	"model" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_alias" (
	"name" text PRIMARY KEY NOT NULL,
	"models" text[] NOT NULL,
	"order" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_routing" (
	"subject" text PRIMARY KEY NOT NULL,
	"team_id" text,
	"default_model" text,
	"tiers" text[],
	"fallbacks" jsonb,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_visibility" (
	"model" text PRIMARY KEY NOT NULL,
	"teams" text[] NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
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
CREATE TABLE "custom_role" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"actions" text[] NOT NULL,
	"team_id" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "custom_role_holder" (
	"role_id" text NOT NULL,
	"holder_id" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "custom_role_holder_role_id_holder_id_pk" PRIMARY KEY("role_id","holder_id")
);
--> statement-breakpoint
CREATE TABLE "org_member" (
	"member_id" text PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "service_account" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"team_id" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"disabled_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "team" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"slug" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "team_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
CREATE TABLE "team_member" (
	"team_id" text NOT NULL,
	"member_id" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "team_member_team_id_member_id_pk" PRIMARY KEY("team_id","member_id")
);
--> statement-breakpoint
CREATE TABLE "price" (
	"id" text PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"provider" text,
	"price" jsonb NOT NULL,
	"effective_from" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	"removed_at" timestamp with time zone,
	"removed_by" text
);
--> statement-breakpoint
CREATE TABLE "price_comparison" (
	"model" text PRIMARY KEY NOT NULL,
	"cloud_model" text,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_by" text NOT NULL
);
--> statement-breakpoint
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
CREATE TABLE "secret" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"scope" text NOT NULL,
	"scope_id" text NOT NULL,
	"description" text NOT NULL,
	"value_sealed" text NOT NULL,
	"last4" text NOT NULL,
	"version" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"updated_by" text NOT NULL,
	"last_read_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "secret_use" (
	"secret_id" text NOT NULL,
	"kind" text NOT NULL,
	"id" text NOT NULL,
	"name" text NOT NULL,
	"reads" bigint NOT NULL,
	"last_read_at" timestamp with time zone NOT NULL,
	CONSTRAINT "secret_use_secret_id_kind_id_pk" PRIMARY KEY("secret_id","kind","id")
);
--> statement-breakpoint
CREATE TABLE "usage_pending" (
	"record_id" text PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "usage_record" (
	"id" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"key_id" text NOT NULL,
	"key_name" text NOT NULL,
	"owner_id" text,
	"team_id" text,
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
	"cost_micro_usd" bigint,
	"saved_micro_usd" bigint,
	"queue_ms" integer NOT NULL,
	"first_token_ms" integer,
	"total_ms" integer NOT NULL,
	"outcome" text NOT NULL,
	"error_code" text,
	"status" integer NOT NULL,
	"tags" text[] DEFAULT '{}' NOT NULL,
	"client" text
);
--> statement-breakpoint
CREATE TABLE "usage_rollup" (
	"grain" text NOT NULL,
	"bucket" timestamp with time zone NOT NULL,
	"likeness" text NOT NULL,
	"key_id" text NOT NULL,
	"owner_id" text,
	"team_id" text,
	"model" text,
	"tier" text,
	"provider" text,
	"dialect" text NOT NULL,
	"outcome" text NOT NULL,
	"tags" text[] NOT NULL,
	"requests" bigint NOT NULL,
	"input_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"cached_input_tokens" bigint NOT NULL,
	"cache_write_tokens" bigint NOT NULL,
	"reasoning_tokens" bigint NOT NULL,
	"cost_micro_usd" bigint NOT NULL,
	"saved_micro_usd" bigint NOT NULL,
	"estimated" bigint NOT NULL,
	"unpriced" bigint NOT NULL,
	"cache_hits" bigint NOT NULL,
	"queue" jsonb NOT NULL,
	"first_token" jsonb NOT NULL,
	"total" jsonb NOT NULL,
	CONSTRAINT "usage_rollup_grain_bucket_likeness_pk" PRIMARY KEY("grain","bucket","likeness")
);
--> statement-breakpoint
ALTER TABLE "key" ADD CONSTRAINT "key_provider_id_provider_id_fk" FOREIGN KEY ("provider_id") REFERENCES "public"."provider"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_grant" ADD CONSTRAINT "device_grant_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "one_time_link" ADD CONSTRAINT "one_time_link_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "passkey" ADD CONSTRAINT "passkey_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "saml_answer" ADD CONSTRAINT "saml_answer_provider_id_sso_provider_id_fk" FOREIGN KEY ("provider_id") REFERENCES "public"."sso_provider"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scim_group_member" ADD CONSTRAINT "scim_group_member_group_id_scim_group_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."scim_group"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scim_group_member" ADD CONSTRAINT "scim_group_member_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scim_user" ADD CONSTRAINT "scim_user_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sign_in_method" ADD CONSTRAINT "sign_in_method_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "two_factor" ADD CONSTRAINT "two_factor_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_session" ADD CONSTRAINT "user_session_user_id_user_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "limit_lease" ADD CONSTRAINT "limit_lease_limit_id_usage_limit_id_fk" FOREIGN KEY ("limit_id") REFERENCES "public"."usage_limit"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "raise_request" ADD CONSTRAINT "raise_request_limit_id_usage_limit_id_fk" FOREIGN KEY ("limit_id") REFERENCES "public"."usage_limit"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "custom_role" ADD CONSTRAINT "custom_role_team_id_team_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."team"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "custom_role_holder" ADD CONSTRAINT "custom_role_holder_role_id_custom_role_id_fk" FOREIGN KEY ("role_id") REFERENCES "public"."custom_role"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_account" ADD CONSTRAINT "service_account_team_id_team_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."team"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "team_member" ADD CONSTRAINT "team_member_team_id_team_id_fk" FOREIGN KEY ("team_id") REFERENCES "public"."team"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secret_use" ADD CONSTRAINT "secret_use_secret_id_secret_id_fk" FOREIGN KEY ("secret_id") REFERENCES "public"."secret"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "key_owner_id" ON "key" USING btree ("owner_id");--> statement-breakpoint
CREATE INDEX "key_team_id" ON "key" USING btree ("team_id");--> statement-breakpoint
CREATE INDEX "stored_response_expires_at" ON "stored_response" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "stored_response_item_ids" ON "stored_response" USING gin ("item_ids");--> statement-breakpoint
CREATE INDEX "stored_response_running" ON "stored_response" USING btree ("alive_until") WHERE alive_until is not null;--> statement-breakpoint
CREATE INDEX "audit_entry_at" ON "audit_entry" USING btree ("at");--> statement-breakpoint
CREATE INDEX "audit_entry_actor" ON "audit_entry" USING btree ("actor_id","seq");--> statement-breakpoint
CREATE INDEX "audit_entry_action" ON "audit_entry" USING btree ("action","seq");--> statement-breakpoint
CREATE INDEX "audit_entry_target" ON "audit_entry" USING btree ("target_id","seq");--> statement-breakpoint
CREATE INDEX "webhook_event_state" ON "webhook_event" USING btree ("state","next_try_at");--> statement-breakpoint
CREATE INDEX "webhook_event_at" ON "webhook_event" USING btree ("at");--> statement-breakpoint
CREATE INDEX "device_grant_expires_at" ON "device_grant" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "one_time_link_email" ON "one_time_link" USING btree ("email");--> statement-breakpoint
CREATE INDEX "one_time_link_created_by_id" ON "one_time_link" USING btree ("created_by_id");--> statement-breakpoint
CREATE UNIQUE INDEX "one_time_link_open_invitation" ON "one_time_link" USING btree ("email") WHERE kind = 'invitation' and used_at is null and revoked_at is null;--> statement-breakpoint
CREATE INDEX "passkey_user_id" ON "passkey" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "saml_answer_request" ON "saml_answer" USING btree ("provider_id","request_id");--> statement-breakpoint
CREATE INDEX "saml_answer_expires_at" ON "saml_answer" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "scim_group_member_user_id" ON "scim_group_member" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "scim_user_user_name" ON "scim_user" USING btree (lower("user_name"));--> statement-breakpoint
CREATE INDEX "scim_user_external_id" ON "scim_user" USING btree ("external_id");--> statement-breakpoint
CREATE INDEX "sign_in_challenge_identifier" ON "sign_in_challenge" USING btree ("identifier");--> statement-breakpoint
CREATE INDEX "sign_in_challenge_expires_at" ON "sign_in_challenge" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sign_in_method_subject" ON "sign_in_method" USING btree ("provider_id","account_id");--> statement-breakpoint
CREATE INDEX "sign_in_method_user_id" ON "sign_in_method" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "user_session_user_id" ON "user_session" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "user_session_expires_at" ON "user_session" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ring_key_current" ON "ring_key" USING btree ("state") WHERE state = 'current';--> statement-breakpoint
CREATE UNIQUE INDEX "limit_alert_once" ON "limit_alert" USING btree ("limit_id","window_start","percent");--> statement-breakpoint
CREATE INDEX "limit_alert_at" ON "limit_alert" USING btree ("at");--> statement-breakpoint
CREATE INDEX "limit_lease_expires_at" ON "limit_lease" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "raise_request_limit" ON "raise_request" USING btree ("limit_id");--> statement-breakpoint
CREATE INDEX "raise_request_created_at" ON "raise_request" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "usage_limit_subject" ON "usage_limit" USING btree ("subject_type","subject_id");--> statement-breakpoint
CREATE INDEX "idempotent_answer_created_at" ON "idempotent_answer" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "resource_grant_grantee" ON "resource_grant" USING btree ("grantee");--> statement-breakpoint
CREATE INDEX "custom_role_holder_holder_id" ON "custom_role_holder" USING btree ("holder_id");--> statement-breakpoint
CREATE INDEX "service_account_team_id" ON "service_account" USING btree ("team_id");--> statement-breakpoint
CREATE INDEX "team_member_member_id" ON "team_member" USING btree ("member_id");--> statement-breakpoint
CREATE UNIQUE INDEX "price_in_use" ON "price" USING btree ("model",coalesce(provider, ''),"effective_from") WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX "price_model" ON "price" USING btree ("model","created_at");--> statement-breakpoint
CREATE INDEX "request_content_expires_at" ON "request_content" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "secret_name" ON "secret" USING btree ("scope","scope_id","name");--> statement-breakpoint
CREATE INDEX "usage_record_at" ON "usage_record" USING btree ("at","id");--> statement-breakpoint
CREATE INDEX "usage_record_key" ON "usage_record" USING btree ("key_id","at","id");--> statement-breakpoint
CREATE INDEX "usage_record_owner" ON "usage_record" USING btree ("owner_id","at","id") WHERE owner_id is not null;--> statement-breakpoint
CREATE INDEX "usage_record_team" ON "usage_record" USING btree ("team_id","at","id") WHERE team_id is not null;--> statement-breakpoint
CREATE INDEX "usage_rollup_owner" ON "usage_rollup" USING btree ("owner_id","grain","bucket") WHERE owner_id is not null;--> statement-breakpoint
CREATE INDEX "usage_rollup_team" ON "usage_rollup" USING btree ("team_id","grain","bucket") WHERE team_id is not null;--> statement-breakpoint
CREATE INDEX "usage_rollup_key" ON "usage_rollup" USING btree ("key_id","grain","bucket");