// Owns the list of settings as data: the documentation's tables and the start-up checks are made from it.

export type ConfigField = {
  readonly name: string;
  /** Absent: no default, the setting is off or required as `meaning` says. */
  readonly default?: string;
  /** One line. */
  readonly meaning: string;
};

/** Environment variables of the router. */
export const environmentFields = [
  { name: "AUXOT_CONFIG", default: "./auxot.yaml if it exists", meaning: "Path of the YAML file." },
  { name: "AUXOT_HOST", default: "127.0.0.1", meaning: "Address to listen on; 0.0.0.0 for all." },
  { name: "AUXOT_PORT", default: "8080", meaning: "Port to listen on; 0 lets the system choose." },
  { name: "AUXOT_BASE_URL", default: "http://<host>:<port>", meaning: "How people and workers reach the router." },
  { name: "AUXOT_DATA_DIR", default: ".auxot", meaning: "Directory of the embedded database, its log and key files." },
  { name: "AUXOT_DATABASE_URL", default: "embedded Postgres", meaning: "A Postgres of your own, 14 or newer." },
  {
    name: "AUXOT_SECRET_KEY",
    default: "made and kept in <data dir>/secret.key; required with AUXOT_DATABASE_URL",
    meaning: "Seals stored API keys, 32 characters or more. The same on every router of a database; keep a copy.",
  },
  {
    name: "AUXOT_OLD_SECRET_KEYS",
    meaning: "Earlier values of AUXOT_SECRET_KEY during a rotation, with commas between.",
  },
  {
    name: "AUXOT_FORGET_SECRET_KEY",
    meaning: "Id of a secret key that is lost for good: a start deletes all that is sealed with it.",
  },
  {
    name: "AUXOT_BOOTSTRAP_KEY",
    meaning: "A key with admin rights, 24 characters or more. A new value revokes the key of the old one.",
  },
  {
    name: "AUXOT_VENDOR_KEY",
    default: "none: everything is on",
    meaning: "Public key of who sells licences for this Auxot: Ed25519, PEM or 32 bytes in base64.",
  },
  {
    name: "AUXOT_METRICS_TOKEN",
    meaning: "Opens /metrics and nothing else, 24 characters or more. Without it only keys that may read metrics do.",
  },
  { name: "AUXOT_LOG_LEVEL", default: "info", meaning: "trace, debug, info, warn, error or fatal." },
] as const satisfies readonly ConfigField[];

/** Fields of `limits` in the YAML file. The defaults are used as they stand here. */
export const limitFields = [
  { name: "maxBodyBytes", default: "33554432", meaning: "Largest request body." },
  { name: "queueWaitMs", default: "30000", meaning: "Longest wait for a free worker." },
  { name: "maxQueuedRequests", default: "1000", meaning: "Most requests waiting at once." },
  { name: "firstTokenTimeoutMs", default: "120000", meaning: "Longest wait for a source's first token." },
  { name: "idleTimeoutMs", default: "120000", meaning: "Longest pause between two tokens." },
  { name: "drainTimeoutMs", default: "30000", meaning: "How long running requests may go on at a stop." },
] as const satisfies readonly ConfigField[];

/** Fields of `fetch` in the YAML file. The defaults are used as they stand here. */
export const fetchFields = {
  enabled: {
    default: "true",
    meaning: "Fetch images and documents that callers give by address, where a source cannot.",
  },
  allow: {
    default: "none",
    meaning:
      "Hosts that may be private: addresses, ranges (10.2.0.0/16), names, *.name. Others must be on the internet.",
  },
  maxBytes: { default: "20971520", meaning: "Largest file that is fetched." },
  timeoutMs: { default: "10000", meaning: "Longest time for one file, redirects included." },
} as const satisfies Readonly<Record<string, Omit<ConfigField, "name">>>;
/** Fields of `responses` in the YAML file. The defaults are used as they stand here. */
export const responseFields = [
  { name: "retentionDays", default: "30", meaning: "Days OpenAI's stored responses are kept; 0: none is." },
  { name: "maxBackground", default: "100", meaning: "Most answers in the background at once." },
] as const satisfies readonly ConfigField[];

/** Fields of `audit` in the YAML file. The defaults are used as they stand here. */
export const auditFields = {
  retentionDays: { default: "0", meaning: "Days entries of the audit log are kept; 0: for ever." },
  file: { meaning: "A file that gets every entry as a JSON line too; relative to the data directory." },
  "collector.url": { meaning: "An HTTP address that gets every entry too, in POSTs of JSON lines." },
  "collector.token": { meaning: "Sent to it as a bearer token. Best as ${NAME}." },
} as const satisfies Readonly<Record<string, Omit<ConfigField, "name">>>;

/** Fields of `alerts` in the YAML file. */
export const alertFields = {
  "webhook.url": { meaning: "An HTTPS address that is told of alerts of budgets and of raise requests." },
  "webhook.secret": {
    meaning: "Required with it: signs what it is told, whsec_ and 24 to 64 bytes in base64. Best as ${NAME}.",
  },
} as const satisfies Readonly<Record<string, Omit<ConfigField, "name">>>;

/** Fields of `metrics` in the YAML file. The default is used as it stands here. */
export const metricsFields = {
  access: {
    default: "key",
    meaning: "Who may read /metrics: key (an admin key or AUXOT_METRICS_TOKEN), open (anybody), off (there is none).",
  },
} as const satisfies Readonly<Record<string, Omit<ConfigField, "name">>>;
/** Fields of `traces` in the YAML file. The defaults are used as they stand here. */
export const traceFields = {
  endpoint: {
    default: "OTEL_EXPORTER_OTLP_ENDPOINT",
    meaning: "Address of an OpenTelemetry collector (OTLP over HTTP). Without one there are no traces.",
  },
  headers: { default: "OTEL_EXPORTER_OTLP_HEADERS", meaning: "Headers for the collector, name to value." },
  serviceName: { default: "auxot", meaning: "What the router is called in traces; also OTEL_SERVICE_NAME." },
  sampleShare: {
    default: "1",
    meaning: "Share of the requests that are traced, 0 to 1. What a caller's traceparent says comes first.",
  },
  handOn: { default: "false", meaning: "Send traceparent to cloud providers too." },
} as const satisfies Readonly<Record<string, Omit<ConfigField, "name">>>;

/** Fields of `usage` in the YAML file. The defaults are used as they stand here. */
export const usageFields = {
  recordDays: { default: "90", meaning: "Days the record of each request is kept." },
  rollupMonths: { default: "25", meaning: "Months the sums by hour and day are kept." },
} as const satisfies Readonly<Record<string, Omit<ConfigField, "name">>>;

/** The rest of the YAML file. `${NAME}` in any text is replaced by that environment variable; `$${` writes `${`. */
export const fileFields = [
  { name: "providers[].name", meaning: "Required. Small letters, digits and dashes, 63 characters at most." },
  { name: "providers[].kind", meaning: "Required. gpu, cli or cloud." },
  { name: "providers[].dialect", meaning: "Cloud, required. openai-chat, openai-responses or anthropic-messages." },
  {
    name: "providers[].baseUrl",
    meaning: "Cloud, required. As the vendor's SDK takes it: https://api.openai.com/v1, https://api.anthropic.com.",
  },
  { name: "providers[].apiKey", meaning: "Cloud, required. Best as ${NAME}." },
  {
    name: "providers[].models",
    default: "asked of the vendor",
    meaning: "Cloud. Model ids, or {id, aliases, contextTokens, maxOutputTokens, abilities, traits}.",
  },
  {
    name: "providers[].models[].abilities",
    default: "as the model table says",
    meaning: "Cloud. {tools, images, documents, reasoning}, each true or false.",
  },
  {
    name: "providers[].models[].traits",
    default: "as the model table says",
    meaning: "Cloud. What the model takes, see the guide's page on providers.",
  },
  { name: "providers[].aliases", meaning: "Cloud. Other names for models: alias to model id." },
  { name: "keys[].name", meaning: "Required. 100 characters at most." },
  {
    name: "keys[].key",
    meaning: "Required. An Auxot key (axk_ for callers, axw_ for workers) or any text of 24 characters or more.",
  },
  { name: "keys[].admin", default: "false", meaning: "May use the administrative API. Caller keys only." },
  { name: "keys[].provider", meaning: "Worker keys, required: the gpu or cli provider of its workers." },
  {
    name: "trustedProxies",
    default: "none",
    meaning: "Addresses and ranges of proxies in front of the router, whose X-Forwarded-For tells who asks.",
  },
  { name: "signIn.password", default: "true", meaning: "Whether passwords open anything; false needs sso." },
  { name: "sso[].name", meaning: "Required. In addresses: small letters, digits and dashes." },
  {
    name: "sso[].kind",
    default: "oidc",
    meaning: "What the provider speaks: oidc (OpenID Connect) or saml (SAML 2.0).",
  },
  {
    name: "sso[].issuer",
    meaning: "Required with oidc: the provider's issuer, exactly as it calls itself. With saml its entity ID.",
  },
  {
    name: "sso[].clientId",
    meaning: "Required with oidc: what the provider calls this router. With saml our entity ID, if another one.",
  },
  { name: "sso[].clientSecret", meaning: "Required with oidc. Best as ${NAME}." },
  { name: "sso[].metadataUrl", meaning: "saml: where the provider publishes its metadata." },
  { name: "sso[].metadata", meaning: "saml: the metadata itself (XML), in its place." },
  {
    name: "sso[].entryPoint",
    meaning: "saml: where people sign in, with issuer and certificates in place of metadata.",
  },
  { name: "sso[].certificates", meaning: "saml: a list of what the provider signs with, PEM or base64." },
  { name: "sso[].label", default: "the name", meaning: "On the button." },
  { name: "sso[].domains", default: "none", meaning: "Domains whose addresses belong to people of this provider." },
  { name: "sso[].autoJoin", default: "true", meaning: "Make accounts for people of these domains who have none." },
  { name: "sso[].scopes", default: "openid, profile, email", meaning: "What to ask the provider for." },
  { name: "sso[].groupClaim", default: "groups", meaning: "The claim or attribute that lists a person's groups." },
  {
    name: "sso[].groups",
    default: "none",
    meaning: "What groups give at each sign-in: {group, role, team, teamRole}.",
  },
  { name: "sso[].allowPrivate", default: "false", meaning: "The provider is in a private network or without TLS." },
  { name: "sso[].emailAttribute", default: "the usual names", meaning: "saml: the attribute that holds the address." },
  { name: "sso[].nameAttribute", default: "the usual names", meaning: "saml: the attribute that holds the name." },
  { name: "sso[].signRequests", default: "false", meaning: "saml: sign what is asked of the provider." },
  { name: "sso[].idpInitiated", default: "false", meaning: "saml: people may begin at the provider." },
  { name: "mail.host", default: "no mail is sent", meaning: "The SMTP server for invitations and password links." },
  { name: "mail.port", default: "587", meaning: "Its port." },
  { name: "mail.secure", default: "true for port 465", meaning: "TLS from the first byte; otherwise STARTTLS." },
  { name: "mail.requireTls", default: "true", meaning: "Send nothing without encryption." },
  { name: "mail.user", meaning: "Who signs in there; without it nobody does." },
  { name: "mail.password", meaning: "Best as ${NAME}." },
  { name: "mail.from", meaning: "Required with mail. The sender, e.g. Auxot <auxot@example.com>." },
  ...limitFields.map((field) => ({ ...field, name: `limits.${field.name}` })),
  ...Object.entries(fetchFields).map(([name, field]) => ({ ...field, name: `fetch.${name}` })),
  ...responseFields.map((field) => ({ ...field, name: `responses.${field.name}` })),
  ...Object.entries(auditFields).map(([name, field]) => ({ ...field, name: `audit.${name}` })),
  ...Object.entries(alertFields).map(([name, field]) => ({ ...field, name: `alerts.${name}` })),
  ...Object.entries(metricsFields).map(([name, field]) => ({ ...field, name: `metrics.${name}` })),
  ...Object.entries(traceFields).map(([name, field]) => ({ ...field, name: `traces.${name}` })),
  ...Object.entries(usageFields).map(([name, field]) => ({ ...field, name: `usage.${name}` })),
] as const satisfies readonly ConfigField[];
