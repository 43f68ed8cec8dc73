#!/usr/bin/env bash
# Runs all checks except the tests. Each check prints its name. The first failure stops the run.
set -euo pipefail
cd "$(dirname "$0")/.."

gate() {
  printf '\n== %s\n' "$1"
  shift
  "$@"
}

gate 'lint and format' npx biome ci .
gate 'Markdown' npx markdownlint-cli2
gate 'spelling (add new words to cspell-words.txt)' npx cspell --no-progress --no-summary
gate 'licences of what users install' node scripts/licences.mjs
gate 'known vulnerabilities of what users install' node scripts/audit.mjs
gate 'types, in sources and tests' npx turbo run types --output-logs=errors-only
gate 'nothing unused (knip)' npx knip --no-config-hints
gate 'the public surface (docs/api)' node scripts/api.mjs --check
gate 'size budget' npx size-limit
gate 'the site (links, accessibility, search)' npx -y pnpm@12.21.0 --silent --filter @clr/docs check
gate 'the packed packages (publint, "are the types wrong", an install in an empty folder)' bash scripts/check-packed.sh
