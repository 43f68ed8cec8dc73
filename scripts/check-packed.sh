#!/usr/bin/env bash
# Packs every public package as npm would publish it, lints the tarballs, and uses them from an empty folder.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

npx turbo run build --output-logs=errors-only
mkdir "$work/tarballs"
for folder in packages/*/; do
  (cd "$folder" && pnpm pack --pack-destination "$work/tarballs" >/dev/null)
done
for tarball in "$work"/tarballs/*.tgz; do
  echo "-- $(basename "$tarball")"
  npx publint run --strict "$tarball"
  npx attw "$tarball" --profile esm-only --quiet
done
node scripts/use-packed.mjs "$work"
