#!/usr/bin/env bash
# turbo returns 0 (success) if SIGTERM or SIGINT ends it while a task runs. So a script that calls turbo continues,
# although the task did not finish.
set -euo pipefail
cd "$(mktemp -d)"
mkdir one
echo '{"name":"all","private":true,"packageManager":"npm@10.8.2","workspaces":["one"]}' > package.json
echo '{"name":"one","version":"1.0.0","scripts":{"test":"node ../wait.cjs"}}' > one/package.json
echo '{"tasks":{"test":{"cache":false}}}' > turbo.json
echo 'require("node:fs").writeFileSync("../started", ""); setTimeout(() => process.exit(3), 60_000);' > wait.cjs
npm install --silent --ignore-scripts --no-audit --no-fund turbo@2.11.11
export TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1
turbo=(node_modules/@turbo/*/bin/turbo)
echo "turbo $("${turbo[0]}" --version), a task that would run for a minute and then fail"
seen=0
for signal in TERM INT; do
  rm -f started
  # Job control keeps the background process from ignoring SIGINT.
  set -m
  "${turbo[0]}" run test > "$signal.log" 2>&1 &
  set +m
  for _ in $(seq 600); do [ -f started ] && break; sleep 0.1; done
  kill "-$signal" $!
  code=0
  wait $! || code=$?
  echo "ended by SIG$signal: exit code $code,$(grep -a Tasks: "$signal.log" | head -1)"
  [ "$code" = 0 ] && seen=$((seen + 1))
done
[ "$seen" = 2 ]
