// Examples for help pages, of commands that have more options than one sees through at once.

/** By the operation's name. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  "keys.create": [
    "npx auxot keys create --name laptop",
    "npx auxot keys create --name ci --scopes inference --models 'gpu/*' --expires-at 90d",
    "npx auxot keys create --name on-call --admin",
    "AUXOT_WORKER_KEY=$(npx auxot keys create --name box-1 --worker)",
  ],
  "keys.update": [
    "npx auxot keys update laptop --ip-ranges 10.0.0.0/8 --expires-at 2027-06-30",
    "npx auxot keys update laptop --no-ip-ranges",
  ],
  "keys.list": ["npx auxot keys list --kind worker", "npx auxot keys list --owner Search --all"],
  "access.explain": [
    "npx auxot access explain usr_…",
    "npx auxot access explain svc_… --action keys.edit --kind key --id key_…",
  ],
  "audit.list": [
    "npx auxot audit list --since 24h --outcome denied",
    "npx auxot audit list --action 'keys.*' --since 2026-11-01",
  ],
  "audit.export": ["npx auxot audit export --since 30d --format csv > audit.csv"],
  "content-logging.set": ["npx auxot content-logging set org --level redacted --retention-days 14"],
  "limits.create": [
    "npx auxot limits create --subject org --measure requests --window minute --amount 600",
    "npx auxot limits create --subject team --subject-id Search --measure money --window month \\\n    --amount 50usd --action local-only",
  ],
  "model-aliases.set": ["npx auxot model-aliases set fast --models gpu/qwen3-8b --models openai/gpt-5-mini"],
  "models.set-visibility": [
    "npx auxot models set-visibility --model 'openai/gpt-5*' --teams Search",
    "npx auxot models set-visibility --model 'openai/gpt-5*' --no-teams",
  ],
  "prices.set": [
    "npx auxot prices set --model gpt-5.5 --provider openai --input-micro-usd 4usd \\\n    --output-micro-usd 24usd --effective-from 2026-12-01",
  ],
  "roles.create": ["npx auxot roles create --name Auditor --actions audit.read --actions usage.read"],
  "routing.set": [
    "npx auxot routing set org --tiers gpu --tiers cli",
    "npx auxot routing set Search --default-model gpu/qwen3-8b",
  ],
  "secrets.set": ["pass show search | npx auxot secrets set --name SEARCH_KEY --value-file -"],
  "usage.query": [
    "npx auxot usage query --from 7d --group-by team",
    "npx auxot usage query --from 24h --bucket hour --model 'gpt-5-mini,gpt-5'",
  ],
  "usage.records": ["npx auxot usage records --from 1h --outcome error"],
};
