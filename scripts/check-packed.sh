#!/usr/bin/env bash
# Packs every public package as npm would publish it, and lints the tarballs. Uses them from an empty folder, in other
# runtimes and under several versions of TypeScript. Releases them under another scope to a registry on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node scripts/pack.mjs --out "$work/tarballs" >/dev/null
for tarball in "$work"/tarballs/*.tgz; do
  echo "-- $(basename "$tarball")"
  npx publint run --strict "$tarball"
  npx attw "$tarball" --profile esm-only --quiet
done
node scripts/use-packed.mjs "$work"
node scripts/runtimes.mjs "$work"
node scripts/use-published.mjs "$work"
